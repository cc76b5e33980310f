"""What breaks inside a batch, and whom it costs: the one ticket, or the run, but never a neighbour."""

import dagster as dg
import pytest

from resources.models.example_classifier import ExampleClassifier
from resources.models.roles import ModelNotAvailable
from resources.models.trial import TrialFailed
from resources.object_store import ObjectUnreadable, S3ObjectStore
from tests.fakes import NAN, POISON, FirstWords, KillerEmbedder, LengthEmbedder, WordClassifier, fake_suite
from ticket_assets.domain.classification import URGENCIES
from ticket_assets.domain.isolation import ModelBroken


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    return next(e for e in result.get_asset_check_evaluations() if e.check_name == name)


class Misshapen(LengthEmbedder):
    """Vectors too short, or one too few, for a batch that holds a text that says so."""

    def embed(self, texts):
        vectors = super().embed(texts)
        if any("SHORT" in text for text in texts):
            return vectors[:, :3]
        return vectors[1:] if any("FEWER" in text for text in texts) else vectors


# Apart from each other, so that halves of the batch have one of them among good tickets.
CULPRITS = {1: POISON, 4: NAN, 6: "SHORT", 9: "FEWER"}


def test_of_ten_tickets_of_which_four_get_no_vector_six_are_enriched(pipeline):
    keys = [pipeline.put(f"t{n}", subject=CULPRITS.get(n, "fine")) for n in range(10)]
    assert pipeline.enrich(*keys, suite=fake_suite(embedder=Misshapen())).success
    found = {(entry.key, entry.reason) for entry in pipeline.quarantine.entries()}
    assert found == {(keys[n], "model_failure") for n in CULPRITS}
    assert [len(pipeline.items(f"t{n}")) for n in range(10)] == [n not in CULPRITS for n in range(10)]


def alone(pipeline, subject: str) -> str:
    """The batch of one ticket that was split off."""
    (half,) = pipeline.batches.split(pipeline.land(pipeline.put("t1", subject=subject)))
    pipeline.instance.add_dynamic_partitions("ticket_batches", [half.batch])
    return half.batch


def test_a_ticket_that_kills_the_models_process_alone_is_quarantined_and_the_run_lives(pipeline):
    assert pipeline.run(alone(pipeline, "KILLS"), fake_suite(embedder=KillerEmbedder())).success
    (entry,) = pipeline.quarantine.entries()
    assert (entry.key, entry.reason) == ("t1.json", "model_failure")
    assert entry.errors[0].message == "killed the models' process three times, alone (signal 9)"
    assert entry.etag
    assert pipeline.record("t1") is None


def test_a_ticket_that_was_only_beside_the_killer_is_enriched(pipeline):
    assert pipeline.run(alone(pipeline, "fine"), fake_suite(embedder=KillerEmbedder())).success
    assert list(pipeline.quarantine.entries()) == []
    assert pipeline.items("t1")


def test_models_whose_process_dies_of_a_harmless_text_fail_the_run_and_quarantine_nobody(pipeline):
    suite = fake_suite(embedder=KillerEmbedder(poison="order"))
    with pytest.raises(TrialFailed, match="no ticket is to blame"):
        pipeline.run(alone(pipeline, "fine"), suite)
    assert list(pipeline.quarantine.entries()) == []


class Forgetful(FirstWords):
    def summarize(self, texts, contexts=()):
        return ["" if "FORGET" in text else "fine" for text in texts]


class OverSure(WordClassifier):
    def classify(self, texts, vectors):
        return [
            p._replace(confidence=float("nan") if "ODD" in t else 0.5)
            for t, p in zip(texts, super().classify(texts, vectors), strict=True)
        ]


def test_an_empty_summary_or_a_confidence_that_is_none_never_becomes_a_result(pipeline):
    suite = fake_suite(summarizer=Forgetful(), intent=OverSure(names=["general_inquiry"]))
    keys = [pipeline.put("forget", body="FORGET " * 30), pipeline.put("odd", subject="ODD"), pipeline.put("fine")]
    assert pipeline.enrich(*keys, suite=suite).success
    assert [pipeline.quarantine.find(key) is not None for key in keys] == [True, True, False]
    assert pipeline.items("fine")
    assert not pipeline.items("odd")


class Missing(LengthEmbedder):
    def embed(self, texts):
        raise ModelNotAvailable("model x is not here; get it with tickets models prepare")


def test_a_model_that_is_broken_fails_the_run_and_quarantines_nobody(pipeline):
    batch = pipeline.land(pipeline.put("t1"), pipeline.put("t2"))
    with pytest.raises(ModelBroken, match="get it with tickets models prepare"):
        pipeline.run(batch, fake_suite(embedder=Missing()))
    assert list(pipeline.quarantine.entries()) == []


class Archive(S3ObjectStore):
    """Refuses some objects as S3 does archived ones, which the local server cannot: with its own error response."""

    def find(self, key, limit=None):
        if key.startswith("archived"):
            raise ObjectUnreadable(f"S3 does not give s3://{self.bucket}/{key}: InvalidObjectState")
        return super().find(key, limit)


def test_an_object_that_s3_does_not_give_is_quarantined_alone(pipeline):
    keys = [pipeline.put("archived-1"), pipeline.put("fine")]
    pipeline.stores["raw_store"] = Archive(bucket=pipeline.settings.raw_bucket)
    assert pipeline.enrich(*keys).success
    assert pipeline.quarantine.find("archived-1.json").reason == "object_unreadable"
    assert pipeline.items("fine")


def test_a_batch_of_another_raw_bucket_is_refused_and_quarantines_nobody(pipeline):
    batch = pipeline.batches.land("another-bucket", ["t1.json"]).batch
    pipeline.instance.add_dynamic_partitions("ticket_batches", [batch])
    with pytest.raises(ValueError, match="TICKETS_RAW_BUCKET"):
        pipeline.run(batch)
    assert list(pipeline.quarantine.entries()) == []


def test_an_item_that_a_dead_run_never_wrote_is_made_from_the_record_though_the_raw_object_is_gone(pipeline):
    key = pipeline.put("t1")
    batch = pipeline.land(key)
    pipeline.run(batch)
    table = pipeline.stores["table"]
    (item,) = table.items("t1")
    table.delete(item)
    pipeline.raw.delete(key)
    assert pipeline.run(batch).success
    assert len(pipeline.items("t1")) == 1


class Forgetting(dg.ConfigurableIOManager):
    """Loses what it is given."""

    def handle_output(self, context, obj):
        """Write nothing."""

    def load_input(self, context):
        raise NotImplementedError


def test_a_ticket_whose_item_is_not_in_the_table_fails_the_check_and_the_run(pipeline):
    pipeline.stores["items_io"] = Forgetting()
    batch = pipeline.land(pipeline.put("t1"))
    result = pipeline.run(batch, raise_on_error=False)
    assert not result.success
    books = check(result, "every_ticket_is_accounted_for")
    assert not books.passed
    assert books.metadata["missing_keys"].value == ["t1.json"]


def test_an_urgency_that_the_contract_does_not_know_fails_the_run_and_names_the_file(pipeline, tmp_path):
    file = tmp_path / "urgency.yaml"
    file.write_text((pipeline.settings.labels_dir / "urgency.yaml").read_text().replace("\n  low:", "\n  whenever:"))
    urgency = ExampleClassifier(
        label_file=str(file), embedder=LengthEmbedder(), cache_dir=str(tmp_path), known=[*URGENCIES]
    )
    with pytest.raises(Exception, match=r"urgency\.yaml.*label whenever is not one of"):
        pipeline.enrich(pipeline.put("t1"), suite=fake_suite(urgency=urgency))
    assert list(pipeline.quarantine.entries()) == []
