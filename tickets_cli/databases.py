"""Redis and Postgres for the workers' stack: the system's own programs, reached by sockets under its state alone."""

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tickets_cli.processes import ManagedProcess, ProcessFailed

START_SECONDS = 60
LONGEST_SOCKET = 100  # bytes of a socket's path that every system takes
PORT = 5432  # a part of the socket's name: nothing listens on TCP
OWNERS = ("postgres", "nobody")  # who may run Postgres where we are root
POSTGRES_DIRECTORIES = "/usr/lib/postgresql/*/bin"  # where Debian keeps what it does not put on PATH


def start_redis(place: Path, log: Path) -> ManagedProcess:
    """Start Redis over `place`, where it keeps what it is told. Raises ProcessFailed."""
    import redis

    link = _fits(redis_socket(place))
    program = find("redis-server", package="redis-server")
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {"port": "0", "unixsocket": str(link), "unixsocketperm": "700", "dir": str(place), "appendonly": "yes"}
    # A title would be written over its environment, by which `ps` tells whose it is.
    options |= {"save": "", "set-proc-title": "no"}
    command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
    server = ManagedProcess("Redis", command, os.environ, log)

    def answers() -> bool:
        with suppress(redis.RedisError):
            return bool(redis.Redis(unix_socket_path=str(link)).ping())
        return False

    server.wait_until(answers, START_SECONDS)
    return server


def start_postgres(place: Path, log: Path) -> ManagedProcess:
    """Start Postgres over `place`, made there if it is not yet. Raises ProcessFailed."""
    _fits(postgres_socket(place))
    program = find("postgres", package="postgresql")
    owner = _owner_of(place)
    data = place / "data"
    if not data.exists():
        _make(data, owner)
    command = [program, "-D", str(data), "-k", str(place), "-p", str(PORT), "-c", "listen_addresses="]
    command += ["-c", "max_connections=200", "-c", "unix_socket_permissions=0700"]
    server = ManagedProcess("Postgres", command, os.environ, log, user=owner, ends_on=signal.SIGINT)
    ready = [find("pg_isready", package="postgresql"), "-q", "-h", str(place), "-p", str(PORT)]
    server.wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, START_SECONDS)  # noqa: S603
    return server


def redis_socket(place: Path) -> Path:
    return place / "redis.sock"


def broker(place: Path) -> str:
    """Celery's URL of the Redis over `place`."""
    return f"redis+socket://{redis_socket(place)}"


def postgres_socket(place: Path) -> Path:
    return place / f".s.PGSQL.{PORT}"


def postgres_url(place: Path) -> str:
    """SQLAlchemy's URL of the Postgres over `place`, with the driver that dagster-postgres brings."""
    return f"postgresql+psycopg2://tickets@/postgres?host={place}&port={PORT}"


def find(program: str, package: str) -> str:
    """The program's path. Raises ProcessFailed, naming the package that has it."""
    found = shutil.which(program)
    if not found:
        places = sorted(Path("/").glob(f"{POSTGRES_DIRECTORIES}/{program}".lstrip("/")), key=_version)
        found = str(places[-1]) if places else None
    if not found:
        raise ProcessFailed(f"{program} is not installed: install the package {package} (Debian: apt-get install)")
    return found


def _version(program: Path) -> int:
    """The major version in such a path as /usr/lib/postgresql/15/bin/postgres."""
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


def _make(data: Path, owner: str | None) -> None:
    """A new database cluster; one that was cut off in the making is made anew."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [find("initdb", package="postgresql"), "-D", str(unfinished), "-U", "tickets", "-A", "trust"]
    command += ["-E", "UTF8", "--locale", "C"]
    options = {} if owner is None else {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}
    made = subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False, **options)  # noqa: S603
    if made.returncode:
        raise ProcessFailed(f"initdb ended with exit code {made.returncode}: {made.stderr.strip()}")
    unfinished.rename(data)


def _owner_of(place: Path) -> str | None:
    """Make `place` for whoever runs Postgres there: None for us, another where we are root, which it refuses.

    Raises ProcessFailed where that other cannot reach it.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = next((known[name] for name in OWNERS if name in known), None)
    if owner is None:
        raise ProcessFailed(f"Postgres does not run as root, and there is no user {' or '.join(OWNERS)}")
    os.chown(place, owner.pw_uid, owner.pw_gid)
    # The state directory is the stack's own: its owner's group may pass through it, and through nothing else.
    os.chown(place.parent, -1, owner.pw_gid)
    place.parent.chmod(place.parent.stat().st_mode | 0o010)
    reach = ["test", "-x", str(place)]
    options = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    if subprocess.run(reach, cwd="/", check=False, **options).returncode:  # noqa: S603
        raise ProcessFailed(
            f"Postgres does not run as root, and the user {owner.pw_name} cannot reach {place}: set "
            "TICKETS_STATE_DIR to a directory that everybody may pass through"
        )
    return owner.pw_name


def _fits(link: Path) -> Path:
    if len(os.fsencode(link)) > LONGEST_SOCKET:
        raise ProcessFailed(f"{link} is too long for a socket: set TICKETS_STATE_DIR to a shorter path")
    return link
