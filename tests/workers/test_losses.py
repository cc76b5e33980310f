"""What batches survive under warm workers: the loss of a machine, of Redis, of Postgres, and a ticket that kills."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import redis

from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.pipeline.programs import UP
from tests.support import eventually
from tests.workers.site import MODULE, Site
from tickets_cli.databases import postgres_url, redis_socket
from tickets_cli.processes import ManagedProcess

ELSEWHERE = f"from tickets_cli import workers; workers.DEFINITIONS = {MODULE!r}; workers.app(['run', '--count', '1'])"


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The process neither does nor says anything meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ready_but(site: Site, pid: int) -> list[int]:
    """The processes of the workers that take runs, but for one."""
    return [word["pid"] for word in site.pulse.workers().values() if word["ready"] and word["pid"] != pid]


def test_a_run_whose_machine_is_lost_is_failed_for_its_silence_and_its_batch_enriched_elsewhere(site):
    here = site.ready()
    with frozen(site.program.pid):  # it would replace its worker
        os.kill(here, signal.SIGKILL)
        home = {**os.environ, "DAGSTER_HOME": str(site.state / "dagster")}
        machine = ManagedProcess("machine", [sys.executable, "-c", ELSEWHERE], home, site.root / "machine.log")
        (there,) = eventually(lambda: ready_but(site, here), UP)
        run, pid = site.waiting("lost")
        assert pid == there

        for part in (machine.pid, there):
            os.kill(part, signal.SIGKILL)

        assert eventually(lambda: site.run(run.run_id).is_finished, 60)
    assert machine.ended_within(1)
    assert end_of(site.instance, site.run(run.run_id)) is End.HOST_GONE
    site.open_gate()
    last = site.enriched("lost")
    assert last.is_success
    assert last.run_id != run.run_id


def test_a_run_goes_on_while_redis_is_away_and_its_worker_takes_the_next_one(site):
    run, pid = site.waiting("redis")

    with redis.Redis(unix_socket_path=str(redis_socket(site.state / "redis"))) as server:
        with frozen(server.info("server")["process_id"]):
            assert eventually(lambda: "no pulse" in site.worker_log(), UP)
            site.open_gate()
            assert site.enriched("redis").run_id == run.run_id
        server.client_kill_filter(_type="normal", skipme=True)

    assert site.run(run.run_id).is_success
    after = site.enrich("after-redis")
    assert after.is_success
    assert site.starts(after.run_id) == [pid]


def test_a_batch_is_enriched_though_postgres_falls_over_in_its_run(site):
    site.waiting("postgres")
    url = postgres_url(site.state / "postgres").replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as database:
        # After the death of one process the server ends all others, recovers from its log, and only then answers again.
        os.kill(database.info.backend_pid, signal.SIGKILL)

    site.open_gate()

    assert site.enriched("postgres").is_success
    assert site.enrich("after-postgres").is_success


def test_of_a_batch_with_a_ticket_that_kills_workers_that_ticket_alone_is_quarantined(site):
    pipeline = site.pipeline
    keys = {pipeline.put("killer", subject="KILLS"), pipeline.put("beside")}

    (entry,) = eventually(lambda: [*pipeline.quarantine.entries()], 2 * UP)

    assert (entry.key, entry.reason) == ("killer.json", "model_failure")
    assert entry.errors[0].message == "killed the models' process three times, alone (signal 9)"
    whole = pipeline.batches.manifest(pipeline.batches.manifest(entry.batch).parent)
    assert set(whole.keys) == keys
    assert [end_of(site.instance, run) for run in site.runs(whole.batch)].count(End.PROCESS_DIED) == 3
    assert site.enriched("beside").is_success
    assert eventually(lambda: not pipeline.batches.unfinished(), UP)
