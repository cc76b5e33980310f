"""kill -9 of code server, daemon and run worker at each boundary, each by a hook that the test arms."""

from typing import Any

import dagster as dg
import pytest

from resources.aws import client
from resources.queue import SqsQueue
from tests.faults.books import open_ends
from tests.faults.supervised import Supervised
from tests.pipeline.conftest import Pipeline
from tests.pipeline.programs import UP, left_of
from tests.support import eventually
from ticket_assets.settings import Settings
from tickets_cli.provisioning import provision

BEFORE_THE_RUN = {
    "received": ("after sqs.ReceiveMessage", "code server"),
    "manifest": ("after s3.PutObject batches/2", "code server"),
    "marker": ("after s3.PutObject batches/pending/", "code server"),
    "deleted": ("after sqs.DeleteMessageBatch", "code server"),
    "partition": ("after dagster.add_dynamic_partitions", "daemon"),
    "run-created": ("after dagster.create_run", "daemon"),
    "run-submitted": ("after dagster.submit_run", "daemon"),
}
IN_THE_RUN = {
    "start": "before event PIPELINE_START$",  # a run that never starts
    "raw": "after s3.PutObject assets/raw_tickets/",
    "embedded": "after s3.PutObject assets/embedded_tickets/",
    "classified": "after s3.PutObject assets/classified_tickets/",
    "summarized": "after s3.PutObject assets/summarized_tickets/",
    "record": "after s3.PutObject t",
    "receipt": "after s3.PutObject assets/enriched_tickets/",
    "item": "after dynamodb.PutItem",
    "unwritten-item": "before dynamodb.PutItem",
    "books": "before s3.DeleteObject batches/failed/",
}
TICKETS = 6  # one batch each, so that two kills of a run fall to each


@pytest.fixture(scope="module")
def pipeline(aws_endpoint):
    settings = Settings(
        raw_bucket="kills-raw",
        enriched_bucket="kills-enriched",
        pipeline_bucket="kills-pipeline",
        queue="kills-queue",
        dead_letter_queue="kills-dlq",
        table="kills-table",
    )
    list(provision(settings))
    url = SqsQueue(name=settings.queue).url
    # What a killed process has received comes again while the test runs, not five minutes later.
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "6"})
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(settings, instance)


@pytest.fixture(scope="module")
def story(pipeline, tmp_path_factory) -> dict[str, Any]:
    """One life of the services, with one kill after another; what was left in the end."""
    root = tmp_path_factory.mktemp("kills")
    queue = SqsQueue(name=pipeline.settings.queue)
    with Supervised(pipeline.settings, root) as services:
        for name, (at, _) in BEFORE_THE_RUN.items():
            services.arm(name, at)
        for n in range(2):
            pipeline.put(f"t-early-{n}")
        eventually(lambda: services.fired().keys() >= BEFORE_THE_RUN.keys(), UP, every=0.5)
        for name, at in IN_THE_RUN.items():
            services.arm(name, at, spares=name != "start")
        for n in range(TICKETS):
            pipeline.put(f"t-{n}")
        eventually(lambda: len(services.fired()) == len(BEFORE_THE_RUN) + len(IN_THE_RUN), 2 * UP, every=0.5)
        eventually(lambda: not open_ends(pipeline, queue), 4 * UP, every=2)
    ends = open_ends(pipeline, queue)
    dead = SqsQueue(name=pipeline.settings.dead_letter_queue).depth()
    return {"fired": services.fired(), "ends": ends, "dead": sum(dead.values()), "left": left_of(root)}


@pytest.mark.parametrize(("name", "role"), [(name, role) for name, (_, role) in BEFORE_THE_RUN.items()])
def test_the_process_that_turns_messages_into_runs_was_killed_at(story, name, role):
    assert story["fired"].get(name) == role


@pytest.mark.parametrize("name", IN_THE_RUN)
def test_a_run_was_killed_at(story, name):
    assert story["fired"].get(name) == "run worker"


def test_whatever_was_killed_every_ticket_is_enriched_exactly_once(story):
    assert story["ends"] == []


def test_no_kill_costs_a_message_its_last_receive(story):
    assert story["dead"] == 0


def test_nothing_runs_on_in_the_end(story):
    assert story["left"] == []
