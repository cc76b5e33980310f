"""Dagster's launcher of a Kubernetes Job a run, which also tells how a run's pod ended. It knows nothing of tickets.

The stock one calls every pod that is gone or failed the same. Here the death of a run's own process (out of memory, a
crash) is said in the words of Dagster's other launcher, with its exit code, since it may be its input's doing; an
eviction, a lost node, or a pod that never came to its run is not. And a Kubernetes server that does not answer fails no
run: it is asked again.
"""

import logging
import signal
import threading
from typing import Any

from dagster import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_k8s.client import DagsterK8sAPIRetryLimitExceeded
from dagster_k8s.job import get_job_name_from_run_id
from dagster_k8s.launcher import K8sRunLauncher
from kubernetes.client import V1Pod
from kubernetes.client.rest import ApiException
from urllib3.exceptions import HTTPError

MEMORY = "OOMKilled"
KILLED = 128 + signal.SIGKILL
RETRY_SECONDS = 1  # the monitoring of all runs waits meanwhile
LOOK_SECONDS = 10  # as Dagster's monitoring of runs that have begun
GONE, TAKEN = "its Job is gone", "its pod was taken away"

_log = logging.getLogger(__name__)


class PodRunLauncher(K8sRunLauncher):
    """A Job a run, in the environment that the code server's container context names."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._disposed = threading.Event()
        self._looking: threading.Thread | None = None

    def launch_run(self, context: LaunchRunContext) -> None:
        """Create the run's Job. Raises DagsterUserCodeUnreachableError where nobody answers: the run waits."""
        if self._looking is None:
            self._looking = threading.Thread(target=self._look, name="unbegun runs", daemon=True)
            self._looking.start()
        try:
            super().launch_run(context)
        except DagsterK8sAPIRetryLimitExceeded as error:
            raise DagsterUserCodeUnreachableError(f"Kubernetes does not answer: {error}") from error

    def dispose(self) -> None:
        """Look after no run any more."""
        self._disposed.set()
        super().dispose()

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while it runs or nobody can say, else FAILED, with what ended it."""
        end = self._end(run)
        if end is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        crash = f"Run execution process for {run.run_id} unexpectedly exited with code {end}"
        return CheckRunHealthResult(WorkerStatus.FAILED, end if isinstance(end, str) else crash)

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """As the stock one. Of a run that is given up before it began the Job goes too: its pod would begin nothing.

        Dagster's monitoring asks this right before it gives up such a run, and asks a launcher nothing else of it.
        """
        try:
            return super().get_run_worker_debug_info(run, include_container_logs)
        finally:
            if run.status is DagsterRunStatus.STARTING:
                self._api_client.delete_job(*self._job(run))

    def fail_unbegun(self) -> None:
        """Fail the runs whose pod ended before they began; no ticket is to blame.

        Dagster's monitoring would not look at them before their time to start is over.
        """
        for run in self._instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTING])):
            end = self._end(run)
            now = self._instance.get_run_by_id(run.run_id)
            if end in (None, GONE) or now is None or now.status is not DagsterRunStatus.STARTING:
                continue  # without a Job it is just being launched
            how = end if isinstance(end, str) else f"it exited with code {end}"
            message = f"Its pod ended before the run began: {how}.\n{self._details(run)}"
            lost = JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION)
            self._instance.report_run_failed(now, message, lost)

    def _details(self, run: DagsterRun) -> str | None:
        """What Kubernetes tells of the run's pod, its last words among it."""
        try:
            return super().get_run_worker_debug_info(run)
        except Exception:  # noqa: BLE001 - it is no reason not to fail the run
            _log.exception("nothing is told of the pod of run %s", run.run_id)
            return None

    def _look(self) -> None:
        while not self._disposed.wait(LOOK_SECONDS):
            try:
                self.fail_unbegun()
            except Exception:  # noqa: BLE001 - a database that is away must not end it
                _log.exception("runs that have not begun are looked at again in %d s", LOOK_SECONDS)

    def _job(self, run: DagsterRun) -> tuple[str, str]:
        namespace = self.get_container_context_for_run(run).namespace
        assert namespace
        return get_job_name_from_run_id(run.run_id), namespace

    def _end(self, run: DagsterRun) -> int | str | None:
        """The exit code of the run's process, or what else ended it; None while it goes on or nobody can say."""
        try:
            status = self._api_client.get_job_status(*self._job(run), wait_time_between_attempts=RETRY_SECONDS)
            if status is None:
                return GONE
            if status.active or not (status.failed or status.succeeded):
                return None
            pods = self._api_client.get_pods_in_job(*self._job(run))
        except (ApiException, HTTPError, DagsterK8sAPIRetryLimitExceeded) as error:
            _log.warning("whether run %s goes on cannot be told: %s", run.run_id, error)
            return None
        code = next((code for pod in pods if (code := exit_code(pod)) is not None), None)
        if code is not None:
            return code
        unprepared = next((code for pod in pods if (code := preparation_code(pod))), None)
        return f"its preparation of the models failed with code {unprepared}" if unprepared else TAKEN


def preparation_code(pod: V1Pod) -> int | None:
    """With which code a container that comes before the run's own failed; None where none did."""
    states = [status.state for status in (pod.status and pod.status.init_container_statuses) or ()]
    codes = [state.terminated.exit_code for state in states if state and state.terminated]
    return next((code for code in codes if code), None)


def exit_code(pod: V1Pod) -> int | None:
    """With which code the pod's own process ended; None where something else ended it, or its start."""
    state = pod.status
    if state is None or state.reason or any(c.type == "DisruptionTarget" for c in state.conditions or ()):
        return None
    for container in state.container_statuses or ():
        ended = container.state and container.state.terminated
        # A kill that is not for memory came from outside: a node that shuts down, a grace period that was over.
        if ended and (ended.exit_code != KILLED or ended.reason == MEMORY):
            return ended.exit_code
    return None
