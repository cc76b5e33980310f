"""Where things lie on this machine: the project, and the state that a local stack keeps between runs."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def state_dir() -> Path:
    """The local stack's state: AWS data, Dagster's home, logs. TICKETS_STATE_DIR moves it; default `.tickets`."""
    return Path(os.environ.get("TICKETS_STATE_DIR") or ".tickets").resolve()


def dagster_home() -> Path:
    """Dagster's home: DAGSTER_HOME where set, else the local stack's."""
    home = os.environ.get("DAGSTER_HOME")
    return Path(home).resolve() if home else state_dir() / "dagster"
