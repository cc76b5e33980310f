"""Dagster's default run launcher, which can also tell whether a run's process is still there.

Without it run monitoring cannot: a run whose code server was killed would stay STARTED, and hold a place in the
queue of runs, until its maximum runtime is over.
"""

import grpc
from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster_shared.serdes import deserialize_value

SECONDS = 5


class WatchfulRunLauncher(DefaultRunLauncher):
    """Asks the code server that started a run whether it still runs it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING, or FAILED where the server is gone or knows the run no more; a busy server counts as there."""
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "finished meanwhile, or not launched by this launcher")
        request = CanCancelExecutionRequest(run_id=run.run_id)
        try:
            answer = deserialize_value(client.can_cancel_execution(request, timeout=SECONDS), CanCancelExecutionResult)
        except DagsterUserCodeUnreachableError as error:
            cause = error.__cause__
            if isinstance(cause, grpc.RpcError) and cause.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                return CheckRunHealthResult(WorkerStatus.RUNNING, "its code server is busy")
            return CheckRunHealthResult(WorkerStatus.FAILED, "the code server that started it is gone")
        if answer.can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
