"""Dagster's launcher of a Kubernetes Job a run, which also tells how a run's pod ended. It knows nothing of tickets.

The stock one calls every pod that is gone or failed the same. Here the death of a run's own process (out of memory, a
crash) is said in the words of Dagster's other launcher, with its exit code, since it may be its input's doing; an
eviction or a lost node is not. And a Kubernetes server that does not answer fails no run: it is asked again.
"""

import logging
import signal

from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
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
RAN, GONE, TAKEN = CheckRunHealthResult(WorkerStatus.RUNNING), "its Job is gone", "its pod was taken away"

_log = logging.getLogger(__name__)


class PodRunLauncher(K8sRunLauncher):
    """A Job a run, in the environment that the code server's container context names."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Create the run's Job. Raises DagsterUserCodeUnreachableError where nobody answers: the run waits."""
        try:
            super().launch_run(context)
        except DagsterK8sAPIRetryLimitExceeded as error:
            raise DagsterUserCodeUnreachableError(f"Kubernetes does not answer: {error}") from error

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while it runs or nobody can say, else FAILED, with what ended it."""
        name, namespace = get_job_name_from_run_id(run.run_id), self.get_container_context_for_run(run).namespace
        assert namespace
        try:
            status = self._api_client.get_job_status(name, namespace, wait_time_between_attempts=RETRY_SECONDS)
            if status is None:
                return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
            if status.active or not (status.failed or status.succeeded):
                return RAN
            pods = self._api_client.get_pods_in_job(name, namespace)
        except (ApiException, HTTPError, DagsterK8sAPIRetryLimitExceeded) as error:
            _log.warning("whether run %s goes on cannot be told: %s", run.run_id, error)
            return RAN
        code = next((code for pod in pods if (code := exit_code(pod)) is not None), None)
        if code is None:
            unprepared = next((code for pod in pods if (code := preparation_code(pod))), None)
            told = f"its preparation of the models failed with code {unprepared}" if unprepared else TAKEN
            return CheckRunHealthResult(WorkerStatus.FAILED, told)
        message = f"Run execution process for {run.run_id} unexpectedly exited with code {code}"
        return CheckRunHealthResult(WorkerStatus.FAILED, message)


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
