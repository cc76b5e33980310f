"""`tickets board`: its options. The pages are made in tickets_board, which loads a web server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from ticket_assets.settings import Settings, load_settings
from tickets_cli.mendable import mendable
from tickets_cli.processes import ProcessFailed
from tickets_cli.search import query_embedder
from tickets_cli.terminal import plain_errors, say

PORT = 8500


def board(
    port: Annotated[int, typer.Option(help="Where to listen.")] = PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on. The page asks nobody who they are: see docs/board.md.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A further host name that browsers ask it by, as behind a proxy.")
    ] = None,
    dagster: Annotated[
        str | None, typer.Option(metavar="URL", help="The Dagster page, for links to the batch of a ticket.")
    ] = None,
    correct: Annotated[
        bool,
        typer.Option("--correct", help="Let whoever reaches the page correct labels and undo it: there is no login."),
    ] = False,
) -> None:
    """Serve the triage page until Ctrl-C: what is urgent, what changed, incidents, search, doubtful, quarantine.

    It changes nothing without --correct. Texts are shown as TICKETS_SHOW_TEXT says. docs/board.md has a picture.

    Example: TICKETS_SHOW_TEXT=true tickets board --port 8500 --dagster http://localhost:3000
    """
    with plain_errors(), serving(load_settings(), port, host, name or [], dagster, corrects=correct) as where:
        say(f"triage page on {where}")
        threading.Event().wait()


@contextmanager
def serving(
    settings: Settings,
    port: int,
    host: str = "127.0.0.1",
    names: list[str] | None = None,
    dagster: str | None = None,
    *,
    corrects: bool = False,
) -> Iterator[str]:
    """Serve the page in threads of this process; gives its address. Raises ProcessFailed."""
    try:
        from tickets_board import server
        from tickets_board.sources import Sources
    except ImportError as error:
        raise ProcessFailed(f"{error.name} is not installed: pip install -e '.[ui]'") from error
    sources = Sources(settings, lambda: query_embedder(settings), mendable, dagster, corrects=corrects)
    try:
        with server.serving(sources, port, host, names or []) as where:
            yield where
    except server.CannotListen as error:
        raise ProcessFailed(str(error)) from error
