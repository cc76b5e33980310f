"""The `tickets` program: commands that must answer within a second load only what they need, all others everything.

So does a shell that asks how such a command may go on.
"""

import gc
import os
import sys

from resources.ending import end_at_once

QUICK = {"search", "similar", "show"}


def main() -> None:
    """Run the command that the arguments name."""
    gc.disable()  # what is imported stays: to look through it for garbage takes a tenth of the time
    end_at_once()
    if command() in QUICK:
        import typer

        from tickets_cli import search, showing

        app = typer.Typer(rich_markup_mode="rich")
        app.command()(search.search)
        app.command()(search.similar)
        app.add_typer(showing.app, name="show")
    else:
        from tickets_cli.main import app

        gc.freeze()
        gc.enable()
    app(prog_name="tickets")


def command() -> str:
    """The command that is meant: by the arguments, or by the line that a shell asks to complete; empty for none."""
    if "_TICKETS_COMPLETE" not in os.environ:
        return "".join(sys.argv[1:2])
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    words = line.split()
    return "".join(words[1:2]) if len(words) > 2 or line[-1:].isspace() else ""  # noqa: PLR2004 - the last may grow


if __name__ == "__main__":
    main()
