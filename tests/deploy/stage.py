"""Where the plays go on: a pipeline that is set up, and what a producer, the processor and an operator do in many."""

from typing import cast

from resources.provision import ensure_table
from resources.provision_security import require_tls
from resources.queue import _url
from tests.aws.cli.running import printed
from tests.aws.test_provision_security import answered
from tests.deploy.recording import Recorder
from tests.pipeline.conftest import Pipeline, ticket
from tests.pipeline.test_dead_letters import Dead
from ticket_assets.settings import Settings
from ticket_generator.generator import Ticket
from ticket_generator.upload import s3_client, upload
from tickets_cli.provisioning import KEYS, provision

LATER = 1_760_000_001
NO_RETRY = {"dagster/max_retries": "0"}


def set_up(recorder: Recorder, settings: Settings) -> None:
    """Over a table without indexes, on a server that speaks TLS and encrypts nothing by itself."""
    with (
        recorder.playing("operator"),
        answered("s3", "GetBucketEncryption", 404, "ServerSideEncryptionConfigurationNotFoundError"),
    ):
        ensure_table(settings.table, KEYS, {})
        list(provision(settings))
        for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
            require_tls(bucket)


class Stage:
    """A pipeline that is set up, and those who work with it."""

    def __init__(self, recorder: Recorder, pipeline: Pipeline) -> None:
        self.recorder = recorder
        self.pipeline = pipeline
        self.settings = pipeline.settings
        self.queue = Dead(pipeline)

    def produce(self, *ticket_ids: str, **fields: object) -> None:
        with self.recorder.playing("producer"):
            for ticket_id in ticket_ids:
                upload(s3_client(), self.settings.raw_bucket, cast("Ticket", ticket(ticket_id, **fields)))

    def process(self) -> None:
        """What waits in the queue, to its end, by a processor that has just started and knows no URL."""
        _url.cache_clear()
        with self.recorder.playing("pipeline"):
            self.queue.queue.depth()  # its first question
            while batches := self.queue.requested():
                for batch in batches:
                    assert self.queue.run(batch).success

    def operate(self, *arguments: str) -> str:
        with self.recorder.playing("operator"):
            return printed(*arguments)
