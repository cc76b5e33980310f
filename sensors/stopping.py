"""How a stop reaches what hears no signal: a tick in progress, by a note in Dagster's home, and the next start.

A tick cut off while it receives would leave its messages invisible until their visibility timeout is over.
"""

import time
from pathlib import Path

import dagster as dg

# The error of a run that a stop ended: it says nothing against the run's tickets.
STOPPED = "the stack was stopped; the batch is run again at the next start"
# An older note was left behind by a stop that was killed.
FRESH_SECONDS = 60


def announce(home: Path) -> None:
    """Tell the ticks of the instance at `home` to end early."""
    _note(home).touch()


def withdraw(home: Path) -> None:
    """Let the ticks of the instance at `home` take in tickets again."""
    _note(home).unlink(missing_ok=True)


def announced(instance: dg.DagsterInstance) -> bool:
    """Whether the instance's processes are about to be stopped."""
    try:
        return time.time() - _note(Path(instance.root_directory)).stat().st_mtime < FRESH_SECONDS
    except FileNotFoundError:
        return False


def _note(home: Path) -> Path:
    return home / "stopping"
