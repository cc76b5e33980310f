"""What every command shares: the console, and how it ends when something is wrong that a user can mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

FAILED = 3  # AWS is away, or a setting wrong: a script must not take that for an empty list

console = Console()


@contextmanager
def plain_errors(code: int = 1) -> Iterator[None]:
    """What a user can mend ends in one line on stderr and this exit code; anything else is a defect, with its trace."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        from tickets_cli.mendable import mendable  # it loads everything: only where something is wrong

        said = mendable(error)
        if said is None:
            raise
        Console(stderr=True).print(Text.assemble(("error: ", "red"), said), soft_wrap=True)
        raise typer.Exit(code) from None


def say(line: str) -> None:
    """A line on what is going on."""
    console.print(f"[green]•[/] {line}", highlight=False)
