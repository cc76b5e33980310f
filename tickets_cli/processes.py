"""Child processes: started with a log file, awaited until healthy, stopped gracefully. Knows nothing of Dagster."""

import fcntl
import os
import pwd
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Seen = TypeVar("Seen")

GRACE_SECONDS = 10
PORTS = range(20_000, 32_000)  # below those of outgoing connections: Linux's begin at 32,768, macOS' at 49,152
_given: set[int] = set()


class ProcessFailed(RuntimeError):
    """A process ended, or did not become healthy; the message names it and shows its log's last lines."""


class InUse(ProcessFailed):
    """Another process works in the place."""


class ManagedProcess:
    """One child in a process group of its own, so that a Ctrl-C reaches only us and we stop it in order."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        user: str | None = None,
        ends_on: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start it, as `user` where one is named; `ends_on` is the signal that asks it to end."""
        self.name = name
        self.log = log
        self._ends_on = ends_on
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, _hearing_signals():
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env=dict(environment),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=False,  # a child keeps the lock of `locked`; no other file is inheritable
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raises ProcessFailed if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise ProcessFailed(f"{self.name} ended with exit code {code}. Its log, {self.log}:\n{self._tail()}")

    def wait_until(self, healthy: Callable[[], bool], seconds: float) -> None:
        """Return once `healthy` says so. Raises ProcessFailed if the process ends or the time does.

        A process whose wait ends in any error, Ctrl-C included, is stopped: nobody else knows of it yet.
        """
        deadline = time.monotonic() + seconds
        try:
            while not healthy():
                self.check()
                if time.monotonic() > deadline:
                    raise ProcessFailed(  # noqa: TRY301
                        f"{self.name} is not up after {seconds:.0f} s. Its log, {self.log}:\n{self._tail()}"
                    )
                time.sleep(0.1)
        except BaseException:
            self.stop()
            raise

    @property
    def exit_code(self) -> int | None:
        """How the process ended, a signal as its negative number; None where it has not."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM, unless another signal was named)."""
        if self._process.poll() is None:
            self._process.send_signal(self._ends_on)

    def kill(self) -> None:
        """End the process alone, at once (SIGKILL); what it started goes on."""
        self._process.kill()

    def ended_within(self, seconds: float, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Whether the process ends by itself before the time is up and before `hurry` says so."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() >= deadline or hurry():
                return False
            time.sleep(0.05)
        return True

    def stop(self, grace: float = GRACE_SECONDS, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask, wait for `grace` seconds or until `hurry`, then kill the process and what it left in its group."""
        self.terminate()
        try:
            self.ended_within(grace, hurry)
        finally:
            self._kill_group()
            self._process.wait()

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def seldom(look: Callable[[], Seen], seconds: float = 1.0) -> Callable[[], Seen]:
    """What `look` sees, looked at anew only after `seconds`: for what costs too much to be asked in a loop."""
    seen: list[Seen] = []
    looked = 0.0

    def answer() -> Seen:
        nonlocal looked
        if not seen or time.monotonic() - looked >= seconds:
            seen[:], looked = [look()], time.monotonic()
        return seen[0]

    return answer


@contextmanager
def _hearing_signals() -> Iterator[None]:
    """Children made meanwhile do not ignore SIGINT, as everything does that a script starts in the background.

    Dagster gives SIGTERM the same lot as SIGINT: its processes could then only be killed. Only the main thread can
    mend it.
    """
    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread()
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def undisturbed() -> Iterator[Callable[[], bool]]:
    """No Ctrl-C or SIGTERM raises meanwhile: a stop cut short by the next one would leave processes behind.

    Yields what tells whether there was one, so that the stop may hurry. For the main thread alone.
    """
    asked_again = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: asked_again.set()) for number in numbers}
    try:
        yield asked_again.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Wait until no other process is in here with this file; the kernel gives it back where the process dies."""
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def locked(place: Path) -> Iterator[Callable[[str], None]]:
    """Keep every other holder from the directory `place`; yields what writes the note that they are shown.

    Children keep the lock too, so that what a killed holder leaves running is not joined by a second set. Raises
    InUse, with the holder's note.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InUse(f"{place} is in use by another stack or processor ({lock.read()}): stop it") from None
        os.set_inheritable(lock.fileno(), True)

        def note(text: str) -> None:
            lock.truncate(0)
            lock.write(text)
            lock.flush()

        note(f"pid {os.getpid()}")
        yield note


def free_port() -> int:
    """A port of this machine that nothing listened on a moment ago, never the same one twice.

    The kernel would choose one that it also gives to outgoing connections, or to the next who asks, before the
    server that it is for listens.
    """
    while True:
        port = secrets.choice(PORTS)
        if port not in _given and not is_listening(port):
            _given.add(port)
            return port


def is_listening(port: int) -> bool:
    """Whether something on this machine accepts connections at `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
