"""Programs run from outside, as a terminal or a service manager runs them, and what is left of them."""

import os
import re
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from tests.support import eventually
from tickets_cli.processes import ManagedProcess, ProcessFailed

UP = 150  # seconds that a start, or a batch with the real models, may take on a busy machine
LISTEN = "0A"  # the state in /proc/net/tcp
FOREIGN = ("TICKETS_", "DAGSTER_", "AWS_")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would lead the programs elsewhere."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}, **changes}


def processes_of(place: Path) -> list[int]:
    """Every process on this machine whose environment speaks of `place`."""
    assert Path("/proc/self/environ").exists(), "these tests look for processes in /proc: run them on Linux"
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if os.fsencode(place) in environ.read_bytes():
                found.append(int(environ.parent.name))
    return found


def listening_at(place: Path) -> set[tuple[str, int]]:
    """Where the processes of `place` listen for TCP: addresses and ports, of IPv4 and IPv6."""
    mine = {inode for pid in processes_of(place) for inode in _sockets(pid)}
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTEN and inode in mine:
                address, port = local.split(":")
                # Each group of four bytes is in the machine's own order.
                words = [int(address[n : n + 8], 16).to_bytes(4, sys.byteorder) for n in range(0, len(address), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def _sockets(pid: int) -> set[str]:
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            inodes |= set(re.findall(r"^socket:\[(\d+)\]$", str(descriptor.readlink())))
    return inodes


def left_of(place: Path) -> list[int]:
    """The processes that do not go away."""
    eventually(lambda: not processes_of(place), 5)
    return processes_of(place)


def kill_all(place: Path) -> bool:
    """Pull the plug; returns whether all is dark."""
    for pid in processes_of(place):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not processes_of(place)


def last_words(process: ManagedProcess) -> str:
    """How the process ended, its exit code among it; empty where it did not."""

    def ended() -> str:
        try:
            process.check()
        except ProcessFailed as error:
            return str(error)
        return ""

    return eventually(ended, UP)
