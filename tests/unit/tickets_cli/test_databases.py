"""Redis and Postgres that cannot be started: what the user is told."""

from pathlib import Path

import pytest

from tickets_cli import databases
from tickets_cli.processes import ProcessFailed


@pytest.mark.parametrize(("program", "package"), [("redis-server", "redis-server"), ("postgres", "postgresql")])
def test_a_program_that_is_missing_is_named_with_its_package(program, package, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(databases, "POSTGRES_DIRECTORIES", str(tmp_path))

    with pytest.raises(ProcessFailed, match=f"{program} is not installed: install the package {package}"):
        databases.find(program, package)


def test_the_newest_of_debians_postgres_is_found_off_the_path(tmp_path, monkeypatch):
    for version in ("9", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(databases, "POSTGRES_DIRECTORIES", f"{tmp_path}/*/bin")

    assert databases.find("postgres", "postgresql") == str(tmp_path / "16" / "bin" / "postgres")


def test_a_state_too_deep_for_a_socket_is_refused(tmp_path):
    deep = tmp_path / ("d" * 100)

    with pytest.raises(ProcessFailed, match="set TICKETS_STATE_DIR to a shorter path"):
        databases.start_redis(deep, Path(tmp_path / "redis.log"))
