"""How a process ends."""

import atexit
import gc


def end_at_once() -> None:
    """Let Python end without a last search for garbage.

    That goes through all that Dagster, Lance and boto3 have loaded, several times: .8 s of processor time, for memory
    that the system takes back anyway. Files are flushed, threads waited for and exit handlers run as ever.
    """
    atexit.register(gc.freeze)
