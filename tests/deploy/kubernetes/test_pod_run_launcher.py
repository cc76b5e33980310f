"""What the launcher says of a run's pod, and what the pipeline makes of it: whose fault the run's end was."""

import logging
from collections.abc import Iterator

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.events import DagsterEvent
from dagster._core.launcher import WorkerStatus
from dagster._core.launcher.base import LaunchRunContext
from dagster._daemon.monitoring.run_monitoring import monitor_started_run, monitor_starting_run
from dagster_k8s.client import DagsterKubernetesClient
from dagster_k8s.job import get_job_name_from_run_id

from resources import pod_run_launcher
from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.deploy.kubernetes.api_server import ApiServer
from tests.deploy.kubernetes.manifests import named, variant
from tests.support import eventually


@dg.job
def anything():
    """Of which a run is a run."""


@pytest.fixture(scope="module")
def server():
    made = ApiServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def instance(server, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    settings = yaml.safe_load(named(variant("base"), "ConfigMap", "dagster")["data"]["dagster.yaml"])
    del settings["storage"]
    place = str(server.kubeconfig(home / "kubeconfig"))
    settings["run_launcher"]["config"] |= {"load_incluster_config": False, "kubeconfig_file": place}
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TICKETS_NAMESPACE", "tickets")
        patch.setattr(pod_run_launcher, "RETRY_SECONDS", 0)
        with dg.DagsterInstance.from_config(str(home)) as made:
            yield made


@pytest.fixture
def api(server):
    server.jobs.clear()
    yield server
    server.silent = False


@pytest.fixture
def run(instance, api) -> dg.DagsterRun:
    """One that has started in a pod."""
    made = instance.create_run_for_job(anything, status=dg.DagsterRunStatus.STARTED)
    api.jobs[get_job_name_from_run_id(made.run_id)] = {"status": {"active": 1}}
    return made


def monitored(instance, run) -> dg.DagsterRun:
    """The run after Dagster's run monitoring has looked at it."""
    record = instance.get_run_record_by_id(run.run_id)
    # The workspace is for resuming alone.
    monitor_started_run(instance, None, record, logging.getLogger())  # pyright: ignore[reportArgumentType]
    return instance.get_run_by_id(run.run_id)


def terminated(code: int, reason: str = "Error") -> list[dict]:
    state = {"terminated": {"exitCode": code, "reason": reason}}
    return [{"name": "dagster", "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}]


@pytest.mark.parametrize(
    ("pod", "end"),
    [
        ({"phase": "Failed", "containerStatuses": terminated(137, "OOMKilled")}, End.PROCESS_DIED),
        ({"phase": "Failed", "containerStatuses": terminated(139)}, End.PROCESS_DIED),
        ({"phase": "Failed", "containerStatuses": terminated(1)}, End.PROCESS_DIED),
        ({"phase": "Succeeded", "containerStatuses": terminated(0, "Completed")}, End.PROCESS_DIED),
        ({"phase": "Failed", "containerStatuses": terminated(143)}, End.HOST_GONE),
        ({"phase": "Failed", "containerStatuses": terminated(137)}, End.HOST_GONE),
        ({"phase": "Failed", "reason": "Evicted"}, End.HOST_GONE),
        ({}, End.HOST_GONE),
        (
            {
                "phase": "Failed",
                "conditions": [{"type": "DisruptionTarget", "status": "True"}],
                "containerStatuses": terminated(137, "OOMKilled"),
            },
            End.HOST_GONE,
        ),
    ],
    ids=[
        "out of memory",
        "crash",
        "exit",
        "ended in a run",
        "asked to end",
        "killed",
        "evicted",
        "pod gone",
        "node drained",
    ],
)
def test_a_pod_that_ended_says_whose_fault_it_was(instance, api, run, pod, end):
    api.ended(get_job_name_from_run_id(run.run_id), **pod)

    after = monitored(instance, run)

    assert after.status == dg.DagsterRunStatus.FAILURE
    assert end_of(instance, after) is end


@pytest.fixture
def unbegun(instance, api) -> Iterator[dg.DagsterRun]:
    """One whose pod is there, and has not begun it."""
    made = instance.create_run_for_job(anything)
    starting = DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, made.job_name)
    instance.report_dagster_event(starting, made.run_id)
    api.jobs[get_job_name_from_run_id(made.run_id)] = {"status": {"active": 1}}
    yield instance.get_run_by_id(made.run_id)
    instance.delete_run(made.run_id)


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        ({"initContainerStatuses": terminated(7)}, "its preparation of the models failed with code 7"),
        ({"containerStatuses": terminated(137, "OOMKilled")}, "it exited with code 137"),
        ({"reason": "Evicted"}, "its pod was taken away"),
    ],
    ids=["preparation", "process", "eviction"],
)
def test_a_pod_that_ended_before_its_run_began_says_why_and_blames_no_ticket(instance, api, unbegun, pod, told):
    api.ended(get_job_name_from_run_id(unbegun.run_id), phase="Failed", **pod)

    instance.run_launcher.fail_unbegun()

    after = instance.get_run_by_id(unbegun.run_id)
    (said,) = [log.message for log in instance.all_logs(unbegun.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)]
    assert f"Its pod ended before the run began: {told}.\n" in said
    assert "kubectl" in said
    assert end_of(instance, after) is End.HOST_GONE


def test_a_run_whose_pod_may_still_begin_is_left_alone(instance, api, unbegun):
    job = get_job_name_from_run_id(unbegun.run_id)
    instance.run_launcher.fail_unbegun()
    api.ended(job, phase="Failed", containerStatuses=terminated(1))
    api.silent = True
    instance.run_launcher.fail_unbegun()
    api.silent = False
    del api.jobs[job]  # as before it is made
    instance.run_launcher.fail_unbegun()

    assert instance.get_run_by_id(unbegun.run_id).status == dg.DagsterRunStatus.STARTING


def test_a_run_that_is_given_up_before_it_began_leaves_no_job_behind(instance, api, unbegun, run, monkeypatch):
    monkeypatch.setattr(type(instance), "run_monitoring_start_timeout_seconds", 0)
    record = instance.get_run_record_by_id(unbegun.run_id)

    monitor_starting_run(instance, record, logging.getLogger())

    assert instance.get_run_by_id(unbegun.run_id).is_finished
    assert api.jobs.keys() == {get_job_name_from_run_id(run.run_id)}


def test_a_run_that_cannot_begin_is_failed_without_anybodys_asking(instance, api, unbegun, monkeypatch):
    monkeypatch.setattr(pod_run_launcher, "LOOK_SECONDS", 0.1)
    api.ended(get_job_name_from_run_id(unbegun.run_id), phase="Failed", containerStatuses=terminated(1))
    made = instance.create_run_for_job(anything, job_code_origin=dg.reconstructable(anything).get_python_origin())

    instance.run_launcher.launch_run(LaunchRunContext(made, None))

    assert eventually(lambda: instance.get_run_by_id(unbegun.run_id).is_finished, 30)


def test_a_job_that_is_gone_ends_its_run_as_a_lost_host_does(instance, api, run):
    api.jobs.clear()

    assert end_of(instance, monitored(instance, run)) is End.HOST_GONE


def test_a_run_whose_pod_works_goes_on(instance, run):
    assert monitored(instance, run).status == dg.DagsterRunStatus.STARTED


def test_a_kubernetes_that_does_not_answer_ends_no_run(instance, api, run):
    api.silent = True

    assert monitored(instance, run).status == dg.DagsterRunStatus.STARTED


def test_a_kubernetes_that_does_not_answer_lets_new_runs_wait(instance, api, run, monkeypatch):
    monkeypatch.setattr(DagsterKubernetesClient.create_namespaced_job_with_retries, "__defaults__", (0.01,))
    made = instance.create_run_for_job(anything, job_code_origin=dg.reconstructable(anything).get_python_origin())
    api.silent = True

    with pytest.raises(DagsterUserCodeUnreachableError, match="does not answer"):
        instance.run_launcher.launch_run(LaunchRunContext(made, None))
    assert api.jobs.keys() == {get_job_name_from_run_id(run.run_id)}


def test_a_canceled_runs_job_is_deleted(instance, api, run):
    assert instance.run_launcher.terminate(run.run_id)

    assert api.jobs == {}
    assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED
