"""Launches runs as Celery tasks for warm workers. A subclass of dagster-celery's launcher, for what that one cannot do.

That one believes the result backend, where a task whose worker was killed stays STARTED for ever; here a worker's own
pulse tells. It executes a task again that comes again; here a run is executed once. It cancels by a signal to a pool's
child process; a warm worker has none. And a broker that is away fails the run; here the run goes back to the queue.
"""

from functools import cached_property
from typing import Any

from dagster import DagsterInstance, DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from kombu.exceptions import OperationalError

from resources.workers.pulse import Pulse

TASK = "execute_run"
# No run lasts so long (run_monitoring.max_runtime_seconds): a task that comes again after it is of a worker that died.
VISIBILITY_SECONDS = 2 * 3600
SETTINGS = {
    # The task is acknowledged when its run has ended, and a worker holds no task but the one in hand.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_concurrency": 1,
    "worker_pool": "solo",
    "task_ignore_result": True,
    "broker_transport_options": {"visibility_timeout": VISIBILITY_SECONDS, "max_retries": 3, "interval_max": 0.5},
    "broker_connection_retry_on_startup": True,
    # A worker at work answers nobody: its pulse tells how it is.
    "worker_enable_remote_control": False,
    "worker_redirect_stdouts": False,
}


class WarmRunLauncher(CeleryRunLauncher):
    """Hands runs to warm workers and knows which of them still works on which."""

    _instance: DagsterInstance

    def __init__(self, broker: str, config_source: dict | None = None, **own: Any) -> None:
        settings = {**SETTINGS, **(config_source or {})}
        super().__init__(**{**own, "backend": "disabled://"}, broker=broker, config_source=settings)

    @cached_property
    def pulse(self) -> Pulse:
        """Where workers tell how they are."""
        return Pulse(self.broker or "")

    def launch_run(self, context: LaunchRunContext) -> None:
        """Put the run's task on the queue. Raises DagsterUserCodeUnreachableError, for which the run waits."""
        run_id = context.dagster_run.run_id
        try:
            self.celery.send_task(TASK, args=[run_id], task_id=run_id, queue=self.default_queue)
        except OperationalError as error:
            raise DagsterUserCodeUnreachableError(f"the workers' queue cannot be reached: {error}") from error

    def terminate(self, run_id: str) -> bool:
        """Ask the worker to stop the run; a run that no worker has taken yet is canceled at once."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        self.pulse.cancel(run_id)
        if not self.pulse.works_on(run_id) and self.pulse.claim(run_id):
            self._instance.report_run_canceled(run)
        return True

    @property
    def supports_resume_run(self) -> bool:
        """A batch is run again from its start."""
        return False

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING, or FAILED where the worker that took the run has been silent too long."""
        if self.pulse.works_on(run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its worker is gone")

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> None:
        """Nothing beyond what the health check says."""
