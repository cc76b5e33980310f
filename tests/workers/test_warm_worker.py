"""A warm worker in a real stack: what it keeps, and what becomes of its runs when it dies, changes or is stopped."""

import os
import re
import signal

import dagster as dg
import pytest
from typer.testing import CliRunner

from resources.workers.run_launcher import TASK
from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.pipeline.programs import UP, left_of
from tests.support import eventually
from tickets_cli.main import app

A_POD_GETS = 30  # seconds from SIGTERM to SIGKILL


def test_models_stay_loaded_from_one_run_to_the_next(site):
    first, second = site.enrich("first"), site.enrich("second")

    assert first.is_success
    assert second.is_success
    assert first.run_id != second.run_id
    assert site.loads().count(site.ready()) == 1
    assert site.starts(first.run_id) == site.starts(second.run_id) == [site.ready()]


def test_a_task_that_comes_again_after_its_run_does_nothing(site):
    run = site.enrich("again")

    site.launcher.celery.send_task(TASK, args=[run.run_id], queue=site.launcher.default_queue)

    assert eventually(lambda: f"run {run.run_id} is SUCCESS and is left alone" in site.worker_log(), UP)
    assert site.starts(run.run_id) == [site.ready()]


def test_two_deliveries_of_one_task_are_one_run(site):
    run, pid = site.waiting("twice")
    site.launcher.celery.send_task(TASK, args=[run.run_id], queue=site.launcher.default_queue)
    site.open_gate()

    assert site.enriched("twice").run_id == run.run_id
    assert eventually(lambda: f"run {run.run_id} is SUCCESS and is left alone" in site.worker_log(), UP)
    assert site.starts(run.run_id) == [pid]


def test_a_worker_killed_in_a_run_has_it_failed_within_a_minute_and_another_run_enriches_the_batch(site):
    run, pid = site.waiting("killed")

    os.kill(pid, signal.SIGKILL)

    assert eventually(lambda: site.run(run.run_id).is_finished, 60)
    assert end_of(site.instance, site.run(run.run_id)) is End.PROCESS_DIED
    site.open_gate()
    last = site.enriched("killed")
    assert last.is_success
    assert last.parent_run_id == run.run_id
    assert site.loads()[-1] == site.ready() != pid
    assert site.pipeline.record("killed")


def test_a_worker_ends_after_its_run_where_code_has_changed_and_the_next_loads_new_code_and_models_first(site):
    run, pid = site.waiting("changed")
    site.code.write_text(site.code.read_text() + "print('the new code')\n")
    assert eventually(lambda: "changing/__init__.py changed" in site.program.log.read_text(), UP)
    assert not site.run(run.run_id).is_finished

    site.open_gate()

    assert site.enriched("changed").run_id == run.run_id
    assert site.run(run.run_id).is_success
    assert eventually(lambda: site.ready() not in {0, pid}, UP)
    assert "the new code" in site.worker_log()
    (word,) = site.pulse.workers().values()
    assert (word["runs"], word["trouble"]) == (0, None)
    assert site.loads()[-1] == word["pid"]


def test_a_run_is_healthy_while_its_worker_works_on_it_and_not_where_nobody_does(site):
    run, _ = site.waiting("healthy")
    health = site.launcher.check_run_worker_health(run).status.value
    site.open_gate()
    site.enriched("healthy")

    assert health == "RUNNING"
    # The worker says a moment after its run's end that it works on it no more.
    assert eventually(lambda: site.launcher.check_run_worker_health(run).status.value == "FAILED")


def test_a_canceled_run_ends_and_its_worker_lives_on(site):
    run, pid = site.waiting("canceled")

    assert site.launcher.terminate(run.run_id)

    assert eventually(lambda: site.run(run.run_id).is_finished, UP)
    assert site.run(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert site.ready() == pid
    site.open_gate()


def test_a_worker_starts_anew_where_labels_have_changed_and_models_that_cannot_be_loaded_are_told_and_end_none(site):
    pid, labels = site.ready(), site.labels / "intent.yaml"
    (site.gate / "missing").touch()
    labels.write_text(labels.read_text() + "\n")
    assert eventually(lambda: site.ready() not in {0, pid}, UP)
    pid = site.ready()

    checked = CliRunner().invoke(app, ["workers", "check"])

    assert checked.exit_code == 1
    assert "runs will fail: ModelNotAvailable: the weights are on strike" in checked.output
    assert "0 of 1 workers are ready" in checked.output
    assert "ModelNotAvailable: the weights are on strike" in site.worker_log()
    assert site.ready() == pid

    (site.gate / "missing").unlink()
    assert site.enrich("mended").is_success
    assert CliRunner().invoke(app, ["workers", "check"]).exit_code == 0


@pytest.mark.parametrize(("wanted", "code"), [(1, 0), (2, 1)])
def test_the_health_check_counts_the_workers_that_are_ready(site, wanted, code):
    checked = CliRunner().invoke(app, ["workers", "check", "--at-least", str(wanted)])

    assert checked.exit_code == code, checked.output
    assert re.search(rf"{site.ready()}\s+ready", checked.output)
    assert "1 of 1 workers are ready" in checked.output


def test_the_health_check_of_a_pod_counts_its_own_workers_alone(site):
    site.ready()
    (word,) = site.pulse.workers().values()
    site.pulse.beat("celery@elsewhere", {**word, "host": "elsewhere"})

    everywhere = CliRunner().invoke(app, ["workers", "check", "--at-least", "2"])
    here = CliRunner().invoke(app, ["workers", "check", "--here", "--at-least", "2"])

    site.pulse.forget("celery@elsewhere")
    assert (everywhere.exit_code, here.exit_code) == (0, 1)
    assert "2 of 2 workers are ready" in everywhere.output
    assert "1 of 1 workers are ready" in here.output


def test_sigterm_leaves_no_process_and_loses_nothing(site):
    run, _ = site.waiting("cut")

    site.program.terminate()

    assert site.program.ended_within(A_POD_GETS)
    assert site.program.exit_code == 0
    assert left_of(site.state) == []
    site.start()
    assert end_of(site.instance, site.run(run.run_id)) is End.HOST_GONE
    site.open_gate()
    assert site.enriched("cut").is_success
    assert len(site.pipeline.items("cut")) == 1
