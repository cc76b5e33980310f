"""A program's process ends without searching all that it loaded for garbage, and as every process else."""

import subprocess
import sys

import pytest

# Exit handlers run last in, first out.
TOLD = "import atexit, gc, sys; atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)); {}"


@pytest.mark.parametrize(
    ("loaded", "collects"),
    [
        ("sys.argv = ['tickets', 'show', '--help']; from tickets_cli.quick import main; main()", False),
        ("sys.argv = ['tickets', 'up', '--help']; from tickets_cli.quick import main; main()", True),
        ("import ticket_assets.definitions", True),
    ],
)
def test_nothing_is_searched_for_garbage_at_the_end(loaded, collects):
    done = subprocess.run([sys.executable, "-c", TOLD.format(loaded)], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == f"{collects} True"
