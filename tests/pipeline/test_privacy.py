"""What customers wrote is in the stores and nowhere else: no log, no event, no metadata, no failure record holds it."""

import json
from datetime import timedelta

import dagster as dg
import pytest
from dagster_shared.serdes import serialize_value
from pydantic import PrivateAttr

from resources.parquet import to_parquet
from sensors import batch_failure_sensor
from tests.fakes import POISON, FirstWords, LengthEmbedder, fake_suite
from tests.pipeline.conftest import LONG, Pipeline, ticket
from tests.pipeline.queueing import Queue
from tests.pipeline.test_failure_sensor import Watch
from tests.support import ticket_json
from ticket_assets.assets.embedded_tickets import embedded_tickets
from ticket_assets.assets.raw_tickets import raw_tickets
from ticket_assets.domain.rows import Row

ADDRESS, PHONE, CARD = "ann@example.com", "+49 171 1234567", "4111 1111 1111 1111"
PERSONAL = (ADDRESS, PHONE, CARD)
FIELDS = ("subject", "body", "customer", "priority", "source", "language", "tag")
SECRETS = [f"sekret{name}" for name in FIELDS]


def secret_ticket(ticket_id: str, **fields: object) -> dict:
    """A ticket with a word of its own in each text."""
    subject, body, customer, priority, source, language, tag = SECRETS
    texts = {
        "subject": f"{subject} {ADDRESS} {PHONE} {CARD}",
        "body": f"{body} {ADDRESS} {LONG}",
        "customer_id": customer,
        "priority": priority,
        "metadata": {"source": source, "language": language, "tags": [tag]},
    }
    return ticket(ticket_id, **{**texts, **fields})


class Echoing(LengthEmbedder):
    """Quotes every text that it could not read."""

    def embed(self, texts):
        if any(POISON in text for text in texts):
            raise RuntimeError(f"cannot read {texts}")
        return super().embed(texts)


class EchoingSummarizer(FirstWords):
    def summarize(self, texts, contexts=()):
        if any("mute" in text for text in texts):
            raise ValueError(f"nothing to say of {texts}")
        return super().summarize(texts, contexts)


ECHOING = {"embedder": Echoing(), "summarizer": EchoingSummarizer()}


class Watched:
    """A pipeline and everything that it says while it runs."""

    def __init__(self, pipeline: Pipeline, screen: pytest.CaptureFixture) -> None:
        self.pipeline = pipeline
        self._screen = screen

    def put_all(self) -> list[str]:
        """Good, short, poison for two models, cut off, of a wrong schema, misplaced, gone."""
        raw, misplaced = self.pipeline.raw, json.dumps(secret_ticket("another")).encode()
        tickets = [
            secret_ticket("good"),
            secret_ticket("short", body=SECRETS[1]),
            secret_ticket("poison", body=f"{POISON} {SECRETS[1]}"),
            secret_ticket("mute", body=f"{SECRETS[1]} mute {LONG}"),
            secret_ticket("wrong", created_at=SECRETS[1], customer_id=[SECRETS[2]]),
        ]
        for each in tickets:
            raw.put(f"{each['ticket_id']}.json", json.dumps(each).encode())
        raw.put("cut.json", json.dumps(secret_ticket("cut")).encode()[:-3])
        raw.put("misplaced.json", misplaced)
        return [*(f"{each['ticket_id']}.json" for each in tickets), "cut.json", "misplaced.json", "gone.json"]

    def said(self) -> str:
        """Every event of every run, what was recorded as failed, and both output streams."""
        instance = self.pipeline.instance
        events = [serialize_value(entry) for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
        failed = [failure.model_dump_json() for failure in self.pipeline.batches.failures()]
        out, err = self._screen.readouterr()
        return "\n".join([*events, *failed, out, err])


def found(words, text: str) -> list[str]:
    return [word for word in words if word in text]


@pytest.fixture
def watched(settings, local_instance, capfd, monkeypatch):
    monkeypatch.setattr(batch_failure_sensor, "SETTLED", timedelta(0))
    return Watched(Pipeline(settings, local_instance), capfd)


def test_a_whole_batch_says_nothing_of_what_its_tickets_say(watched):
    keys = watched.put_all()

    assert watched.pipeline.enrich(*keys, suite=fake_suite(**ECHOING)).success

    assert {entry.key for entry in watched.pipeline.quarantine.entries()} == set(keys) - {"good.json", "short.json"}
    assert found(SECRETS, json.dumps(watched.pipeline.record("good"))) == SECRETS
    said = watched.said()
    assert "good" in said
    assert f"{len(SECRETS[2])} characters" in said
    assert found([*SECRETS, *PERSONAL], said) == []


def test_where_the_setting_allows_it_previews_show_texts_but_no_address_phone_or_card(watched, settings):
    watched.pipeline = Pipeline(settings.model_copy(update={"show_text": True}), watched.pipeline.instance)

    assert watched.pipeline.enrich(*watched.put_all(), suite=fake_suite(**ECHOING)).success

    said = watched.said()
    assert found(SECRETS, said) == SECRETS[:-1]  # tags lie behind the cut
    assert "e-mail" in said
    assert found(PERSONAL, said) == []


def test_a_message_that_cannot_be_read_is_in_quarantine_and_in_no_log(watched):
    queue = Queue(watched.pipeline)
    body = json.dumps({"ticket": secret_ticket("lost"), "bucket": [SECRETS[0]], "key": SECRETS[1]})
    queue.send(body)

    tick = queue.tick()

    assert [entry.body for entry in watched.pipeline.quarantine.messages()] == [body]
    assert found(SECRETS, watched.said() + str(tick)) == []


def test_a_row_that_the_contract_refuses_fails_its_run_without_being_quoted(watched):
    pipeline = watched.pipeline
    batch = pipeline.land("t1.json")
    wrong = Row(etag="e", last_modified=1, read_at=1.0, model_version="v", ticket_id=f"{SECRETS[0]} {ADDRESS}")
    pipeline.store.put(f"assets/raw_tickets/{batch}.parquet", to_parquet(Row, [wrong]))
    resources = {**pipeline.stores, "models": fake_suite()}

    result = dg.materialize(
        [raw_tickets, embedded_tickets], selection=[embedded_tickets], partition_key=batch, instance=pipeline.instance,
        resources=resources, raise_on_error=False,
    )  # fmt: skip

    assert not result.success
    said = watched.said()
    assert "ValidationError" in said
    assert "ticket_id" in said
    assert found([*SECRETS, *PERSONAL], said) == []


def test_a_record_that_the_contract_refuses_fails_its_run_without_being_quoted(watched):
    pipeline = watched.pipeline
    assert pipeline.enrich(pipeline.put("t1")).success
    standing = pipeline.records.head("t1.json")
    record = {**json.loads(ticket_json(ticket_id="t1", subject=[SECRETS[0]], body=SECRETS[1])), "enrichment": ADDRESS}
    pipeline.records.put("t1.json", json.dumps(record).encode(), metadata=standing.metadata)
    pipeline.raw.delete("t1.json")

    assert not pipeline.run(pipeline.land("t1.json"), raise_on_error=False).success

    said = watched.said()
    assert "ValidationError" in said
    assert found([*SECRETS, *PERSONAL], said) == []


class Resentful(LengthEmbedder):
    """Quotes the ticket that broke it whenever it is asked again, about a harmless text too."""

    _grudge: list = PrivateAttr(default_factory=list)

    def embed(self, texts):
        self._grudge.extend(texts)
        raise RuntimeError(f"cannot forget {self._grudge}")


def test_a_model_that_is_broken_fails_its_run_without_being_quoted(watched):
    raw = watched.pipeline.raw
    raw.put("t1.json", json.dumps(secret_ticket("t1")).encode())

    result = watched.pipeline.run(
        watched.pipeline.land("t1.json"), fake_suite(embedder=Resentful()), raise_on_error=False
    )

    assert not result.success
    Watch(watched.pipeline).tick()
    said = watched.said()
    assert "ModelBroken" in said
    assert "tickets models prepare" in said
    assert found([*SECRETS, *PERSONAL], said) == []


class Cited(OSError):
    speaks_of_no_text = True


class Quoting(LengthEmbedder):
    def embed(self, texts):
        raise Cited(f"asked by {ADDRESS}, {PHONE}, {CARD}")


def test_the_record_of_a_failed_batch_masks_what_its_exception_quotes(watched):
    pipeline = watched.pipeline
    pipeline.run(pipeline.land(pipeline.put("t1")), fake_suite(embedder=Quoting()), raise_on_error=False)

    Watch(pipeline).tick()

    (failure,) = pipeline.batches.failures()
    assert failure.error.endswith("asked by [e-mail], [phone], [card]")
