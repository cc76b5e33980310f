"""Serves the application in a thread of this process: until it is told to stop, beside whatever else runs here."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from tickets_board.app import build_app
from tickets_board.sources import Sources

START_SECONDS = 30
STOP_SECONDS = 3


class CannotListen(RuntimeError):
    """The port is taken or not ours to use; the message names it."""


@contextmanager
def serving(sources: Sources, port: int, host: str = "127.0.0.1", hosts: Sequence[str] = ()) -> Iterator[str]:
    """Serve; gives the page's address. `hosts` are further names that it is asked by. Raises CannotListen."""
    name = f"[{host}]" if ":" in host else host  # IPv6, as addresses and the header Host have it
    app = build_app(sources, (*hosts, *([] if _is_any(host) else [name])))
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
    )  # fmt: skip
    server = uvicorn.Server(config)
    with _listening(host, port) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="board", daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        if not server.started:
            raise CannotListen(f"the page did not start on port {port} of {host}")
        try:
            yield f"http://{'127.0.0.1' if _is_any(host) else name}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _listening(host: str, port: int) -> socket.socket:
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except OSError:
            listener.close()
            raise
    except OSError as error:  # the socket's own too: a machine may have no IPv6
        raise CannotListen(f"port {port} of {host} cannot be listened on: {error.strerror}") from error
    return listener


def _is_any(host: str) -> bool:
    return host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
