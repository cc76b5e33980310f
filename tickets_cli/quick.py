"""The `tickets` program: commands that must answer within a second load only what they need, all others everything.

So does a shell that asks how such a command may go on.
"""

import gc
import os
import sys
from collections.abc import Callable

QUICK = {"search", "similar", "show"}


def main() -> None:
    """Run the command that the arguments name."""
    if command() in QUICK:
        gc.disable()  # nothing to free in a second; to look for it takes a tenth of that
        import typer

        from tickets_cli import search, showing

        app = typer.Typer(rich_markup_mode="rich")
        app.command()(search.search)
        app.command()(search.similar)
        app.add_typer(showing.app, name="show")
        leave_after(lambda: app(prog_name="tickets"))
    else:
        from tickets_cli.main import app

        app(prog_name="tickets")


def leave_after(program: Callable[[], None]) -> None:
    """Run a program that ends by SystemExit, and leave with its code at once.

    Python's own end would take a quarter of a second to free, piece by piece, what goes with the process.
    """
    try:
        program()
    except SystemExit as end:
        code = end.code
    else:
        return
    if not isinstance(code, int | None):
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # its reader has gone, as `head` does
        code = code or 1
    os._exit(code or 0)


def command() -> str:
    """The command that is meant: by the arguments, or by the line that a shell asks to complete; empty for none."""
    if "_TICKETS_COMPLETE" not in os.environ:
        return "".join(sys.argv[1:2])
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    words = line.split()
    return "".join(words[1:2]) if len(words) > 2 or line[-1:].isspace() else ""  # noqa: PLR2004 - the last may grow


if __name__ == "__main__":
    main()
