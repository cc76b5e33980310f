"""What every command shares: the console, and how it ends when something is wrong that a user can mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from resources.aws import AwsUnavailable, BadEndpoint, aws_errors
from resources.models.label_file import LabelFileError
from resources.models.roles import ModelNotAvailable
from resources.object_store import DeleteRefused
from resources.provision import ProvisionError
from resources.queue import SendRefused
from ticket_assets.domain.selection import BadCondition
from ticket_assets.settings import SettingsError
from tickets_cli.processes import ProcessFailed

console = Console()
EXPECTED = (
    AwsUnavailable,
    BadCondition,
    BadEndpoint,
    DeleteRefused,
    LabelFileError,
    ModelNotAvailable,
    ProcessFailed,
    ProvisionError,
    SendRefused,
    SettingsError,
)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What a user can mend ends in one line on stderr and exit code 1; anything else is a defect, with its trace."""
    try:
        with aws_errors():
            yield
    except EXPECTED as error:
        Console(stderr=True).print(Text.assemble(("error: ", "red"), str(error)), soft_wrap=True)
        raise typer.Exit(1) from None


def say(line: str) -> None:
    """A line on what is going on."""
    console.print(f"[green]•[/] {line}", highlight=False)
