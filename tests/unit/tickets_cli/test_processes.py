"""ManagedProcess over real small shells: what it starts, what it says of a failure, and that nothing outlives it."""

import os
import signal
import socket

import pytest

from tests.support import eventually
from tickets_cli import processes
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port, is_listening, seldom, undisturbed

WAIT = 20


@pytest.fixture
def shell(tmp_path):
    """Start a shell script as a managed process named worker; each is stopped in the end."""
    started: list[ManagedProcess] = []

    def start(script: str, **environment: str) -> ManagedProcess:
        environment = {"PATH": os.environ["PATH"], **environment}
        process = ManagedProcess("worker", ["/bin/sh", "-c", script], environment, tmp_path / "logs" / "worker.log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop(0)


def said(process: ManagedProcess, line: str) -> bool:
    return line in process.log.read_text().splitlines()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def failure(process: ManagedProcess) -> str:
    """What `check` says, once the process has ended."""

    def ended() -> str:
        try:
            process.check()
        except ProcessFailed as error:
            return str(error)
        return ""

    return eventually(ended)


def test_a_process_hears_sigint_although_its_parent_was_started_in_the_background_by_a_script(shell):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = shell("kill -INT $$; echo deaf")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)

    assert failure(process).startswith(f"worker ended with exit code -{int(signal.SIGINT)}.")
    assert not said(process, "deaf")


def test_what_a_process_prints_is_in_its_log_after_what_was_there(shell):
    first = shell("echo one; echo two >&2")
    first.wait_until(lambda: said(first, "two"), WAIT)
    second = shell("echo three")
    second.wait_until(lambda: said(second, "three"), WAIT)

    assert second.log.read_text().splitlines() == ["one", "two", "three"]


def test_a_process_gets_the_environment_it_is_given_and_no_other(shell, monkeypatch):
    monkeypatch.setenv("SECRET_OF_PARENT", "leaked")

    process = shell('echo "colour $COLOUR"; echo "secret $SECRET_OF_PARENT"; exec sleep 100', COLOUR="blue")
    process.wait_until(lambda: said(process, "secret "), WAIT)

    assert said(process, "colour blue")


def test_a_process_is_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(shell):
    process = shell("exec sleep 100")

    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_a_running_process_passes_the_check(shell):
    shell("exec sleep 100").check()


def test_an_ended_process_is_named_with_its_exit_code_and_its_logs_last_lines(shell):
    process = shell("i=1; while [ $i -le 40 ]; do echo line-$i.; i=$((i+1)); done; exit 3")

    message = failure(process)

    assert message.startswith("worker ended with exit code 3.")
    assert str(process.log) in message
    assert message.endswith("line-39.\nline-40.")
    assert "line-1." not in message


def test_waiting_ends_with_the_process_and_shows_why_it_ended(shell):
    process = shell("echo the port is taken >&2; exit 1")

    with pytest.raises(ProcessFailed, match="worker ended with exit code 1.*\n.*the port is taken"):
        process.wait_until(lambda: False, WAIT)


def test_waiting_ends_with_its_time_and_shows_what_the_process_was_doing(shell):
    process = shell("echo still loading; exec sleep 100")
    process.wait_until(lambda: said(process, "still loading"), WAIT)

    with pytest.raises(ProcessFailed, match="worker is not up after 0 s.*\nstill loading"):
        process.wait_until(lambda: False, 0.2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_process_whose_wait_is_given_up_is_not_left_running(shell, error):
    def interrupted() -> bool:
        raise error

    process = shell("exec sleep 100")

    with pytest.raises(error):
        process.wait_until(interrupted, WAIT)
    assert not alive(process.pid)


def test_a_process_may_clean_up_when_it_is_stopped(shell):
    process = shell("trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.05; done")
    process.wait_until(lambda: said(process, "ready"), WAIT)

    process.stop(WAIT)

    assert said(process, "bye")
    assert failure(process).startswith("worker ended with exit code 0.")


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(shell):
    process = shell("trap '' TERM; echo ready; while true; do sleep 0.05; done")
    process.wait_until(lambda: said(process, "ready"), WAIT)

    process.stop(0.3)

    assert failure(process).startswith("worker ended with exit code -9.")


@pytest.mark.parametrize("end", ["wait", "exit 0"], ids=["of a running process", "of one that ended before"])
def test_grandchildren_left_in_the_group_are_killed(shell, tmp_path, end):
    os.mkfifo(tmp_path / "held")
    reader = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)

    def held() -> bool:
        """Whether the grandchild, which alone has the other end, still lives."""
        try:
            return os.read(reader, 1) != b""
        except BlockingIOError:
            return True

    process = shell(f"(trap '' TERM; exec sleep 100) 9>'{tmp_path}/held' & {end}")
    assert eventually(held)

    process.stop(WAIT)

    assert eventually(lambda: not held())
    os.close(reader)


def test_stopping_what_has_ended_already_is_no_error(shell):
    process = shell("exit 0")
    failure(process)

    process.stop()
    process.stop()


def test_a_free_port_is_one_that_nothing_listens_on_until_someone_does():
    port = free_port()
    assert not is_listening(port)

    with socket.create_server(("127.0.0.1", port)):
        assert is_listening(port)

    assert not is_listening(port)


def test_a_free_port_is_given_once():
    ports = [free_port() for _ in range(1_000)]

    assert len({*ports}) == len(ports)


def test_a_port_that_is_taken_is_not_given(monkeypatch):
    taken, free = free_port(), free_port()
    monkeypatch.setattr(processes, "PORTS", [*[taken] * 20, free])
    monkeypatch.setattr(processes, "_given", set())

    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == free


def test_a_stop_in_a_hurry_does_not_wait_for_the_grace(shell):
    process = shell("trap '' TERM; echo ready; while true; do sleep 0.05; done")
    process.wait_until(lambda: said(process, "ready"), WAIT)

    process.stop(3600, hurry=lambda: True)

    assert failure(process).startswith("worker ended with exit code -9.")


def test_what_is_asked_seldom_is_looked_at_once_however_often_it_is_asked_until_its_time_is_over():
    looks = iter(range(100))
    patient, hasty = seldom(lambda: next(looks), 3600), seldom(lambda: next(looks), 0)

    assert [patient(), patient(), patient()] == [0, 0, 0]
    assert [hasty(), hasty()] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_stop_raises_nothing_and_is_told(number):
    with undisturbed() as asked_again:
        assert not asked_again()
        signal.raise_signal(number)
        assert asked_again()


def test_a_process_is_asked_to_end_by_the_signal_that_was_named(tmp_path):
    script = "trap 'exit 7' USR2; echo up; while :; do sleep 0.05; done"
    log = tmp_path / "worker.log"
    process = ManagedProcess("worker", ["/bin/sh", "-c", script], os.environ, log, ends_on=signal.SIGUSR2)
    process.wait_until(lambda: said(process, "up"), WAIT)
    assert process.exit_code is None

    process.stop()

    assert process.exit_code == 7
