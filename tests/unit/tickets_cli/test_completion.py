"""A shell completes the program's commands, as its own scripts ask, and quick ones without loading everything."""

import os
import shutil
import subprocess
import sys

import pytest

from tickets_cli import quick

PROGRAM = [sys.executable, "-m", "tickets_cli.quick"]


@pytest.fixture
def completed(monkeypatch, capsys):
    """Says what a shell is told may stand at the end of a line, by the program in this process."""

    def told(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
        if shell != "bash":
            asked = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        for name, value in {"_TICKETS_COMPLETE": f"complete_{shell}", **asked}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit):
            quick.main()
        return capsys.readouterr().out.split()

    return told


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tickets sh", ["show"]),
        ("tickets sea", ["search"]),
        ("tickets show ", ["results", "urgent", "sentiment", "intent", "review", "customer", "ticket"]),
        ("tickets show u", ["urgent"]),
        ("tickets show sentiment N", ["NEGATIVE", "NEUTRAL"]),
        ("tickets show intent log", ["login_issue"]),
        ("tickets search x --intent log", ["login_issue"]),
        ("tickets search x --urgency c", ["critical"]),
        ("tickets similar x --sentiment N", ["NEGATIVE", "NEUTRAL"]),
        ("tickets show urgent --s", ["--since"]),
        ("tickets quarantine li", ["list"]),
    ],
)
def test_bash_is_told_what_may_follow(completed, line, expected):
    assert completed(line) == expected


def test_fish_is_told_too(completed):
    assert "urgent" in completed("tickets show ur", "fish")[0]


def test_a_quick_command_is_completed_without_dagster():
    command = [sys.executable, "-X", "importtime", "-m", "tickets_cli.quick"]
    asked = {"_TICKETS_COMPLETE": "complete_bash", "COMP_WORDS": "tickets\nshow\n", "COMP_CWORD": "2"}
    done = run(command, **asked)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "urgent" in done.stdout.split()
    assert "typer" in loaded
    assert not loaded & {"dagster", "boto3", "lance"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_installs_it_and_completes_at_the_tab_key(tmp_path):
    program = tmp_path / "tickets"
    program.write_text(f'#!/bin/sh\nexec {" ".join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    # Typer looks for the shell among the program's parents. A bash with one command to run becomes that command and is
    # none of them; then the answer hangs on who started the tests, and who still lives.
    installed = run(["bash", "-c", "tickets --install-completion; exit $?"], **home)
    assert installed.returncode == 0, installed.stderr
    typed = (
        "source ~/.bashrc; COMP_WORDS=(tickets show ur); COMP_CWORD=2; _tickets_completion tickets; "
        'echo "got ${COMPREPLY[*]}"'
    )
    completed = run(["bash", "-c", typed], **home)
    assert "got urgent" in completed.stdout, completed.stderr
