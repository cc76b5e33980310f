"""A quick command leaves at once, and yet as every program does: its output whole, its exit code kept."""

import os
import subprocess
import sys

import pytest

LEAVING = "import sys; from tickets_cli.quick import leave_after; leave_after(lambda: (print('x' * 9), sys.exit({!r})))"


def left(code: object, **how) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LEAVING.format(code)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, env=environment, **how)


@pytest.mark.parametrize(("code", "expected"), [(None, 0), (0, 0), (3, 3)])
def test_what_was_printed_arrives_and_the_exit_code_is_kept(code, expected):
    done = left(code, stdout=subprocess.PIPE)

    assert (done.stdout, done.stderr, done.returncode) == ("x" * 9 + "\n", "", expected)


def test_a_message_is_an_error():
    done = left("no such thing", stdout=subprocess.PIPE)

    assert (done.stdout, done.stderr, done.returncode) == ("x" * 9 + "\n", "no such thing\n", 1)


def test_a_reader_that_has_gone_is_no_trace():
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()

    done = left(0, stdout=reader.stdin)
    reader.stdin.close()
    assert (done.stderr, done.returncode) == ("", 1)
