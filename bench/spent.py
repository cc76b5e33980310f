"""Where a run's seconds went, by what Dagster's log and the assets' metadata tell of it."""

from typing import NamedTuple

import dagster as dg

from bench.parts import step_seconds

MODEL_ASSETS = ("embedded_tickets", "classified_tickets", "summarized_tickets")
FULL, BESIDE_BAR = 256, 8  # seconds beside the models of a run of so many tickets


class Spent(NamedTuple):
    """Where one run's seconds went; `others` are all but the start and the models, `steps` each step as a whole."""

    tickets: int
    start: float
    models: float
    others: float
    steps: dict[str, float]


def spent(instance: dg.DagsterInstance, record: dg.RunRecord) -> Spent:
    """A run's seconds, from when its process is asked for to its end.

    Model time is what the three assets of models tell as `milliseconds_per_ticket`: their functions' bodies, with the
    loading of the models, without the reading and writing of their files.
    """
    wanted = {dg.DagsterEventType.PIPELINE_STARTING, dg.DagsterEventType.ASSET_MATERIALIZATION}
    asked, models, tickets = 0.0, 0.0, 0
    for entry in instance.all_logs(record.dagster_run.run_id, of_type=wanted):
        made = entry.asset_materialization
        if made is None:
            asked = entry.timestamp
        elif made.asset_key.path[-1] in MODEL_ASSETS:
            tickets = int(str(made.metadata["tickets"].value))
            models += float(str(made.metadata["milliseconds_per_ticket"].value)) * tickets / 1000
    steps = step_seconds(instance, record.dagster_run.run_id)
    begun, ended = record.start_time or 0, record.end_time or 0
    return Spent(tickets, begun - asked, models, ended - begun - models, steps)
