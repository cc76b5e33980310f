"""A run that was thought dead goes on after its successor is done, over real stores: nothing newer is replaced."""

import json
from collections.abc import Callable

import dagster as dg
import pytest

from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.fakes import FirstWords, LengthEmbedder, WordClassifier, fake_suite
from tests.pipeline.failing import Watch

PAUSES: dict[str, Callable[[], None]] = {}  # outside of the resources, which Dagster copies


def paused(role: type, method: str) -> type:
    """A fake that, once, works only after what PAUSES says has happened: there the zombie hangs."""

    def work(self, *arguments):
        meanwhile = PAUSES.pop("next", None)
        if meanwhile:
            meanwhile()
        return getattr(role, method)(self, *arguments)

    return type(f"Paused{role.__name__}", (role,), {method: work, "__module__": __name__})


HANGS = {
    "embedder": lambda: fake_suite(embedder=paused(LengthEmbedder, "embed")()),
    "intent": lambda: fake_suite(intent=paused(WordClassifier, "classify")(names=["payment_issue"])),
    "summarizer": lambda: fake_suite(summarizer=paused(FirstWords, "summarize")()),
}


@pytest.fixture(params=HANGS)
def runs(pipeline, request):
    """A run that hangs in one of its models until a newer version was put and enriched by a run of the same batch."""
    batch = pipeline.land(pipeline.put("t1", subject="old"))
    successors = []

    def overtake() -> None:
        pipeline.next_second()
        pipeline.put("t1", subject="new", created_at=1_760_000_001)
        successors.append(pipeline.run(batch))

    PAUSES["next"] = overtake
    zombie = pipeline.run(batch, HANGS[request.param](), raise_on_error=False)
    return zombie, *successors


def test_the_later_runs_results_stand_in_all_stores_and_the_zombie_ends_as_fenced_for_good(pipeline, runs):
    zombie, successor = runs
    assert successor.success
    assert not zombie.success
    assert pipeline.record("t1")["subject"] == "new"
    assert [item["subject"] for item in pipeline.items("t1")] == ["new"]
    assets = list(pipeline.store.list_keys("assets/"))
    written = {key: pipeline.store.head(key).metadata["run-id"] for key in assets}
    assert len(assets) == 5
    assert set(written.values()) == {successor.run_id}
    run = pipeline.instance.get_run_by_id(zombie.run_id)
    assert end_of(pipeline.instance, run) is End.FENCED
    assert run.tags["dagster/max_retries"] == "0"
    assert Watch(pipeline).recorded() == []


def test_a_zombie_that_wakes_between_s3_and_dynamodb_leaves_the_newer_item(pipeline):
    batch = pipeline.land(pipeline.put("t1", subject="old"))

    class Slow(dg.ConfigurableIOManager):
        """The items' manager of the zombie, which hangs before it writes."""

        def handle_output(self, context, obj):
            PAUSES.pop("next")()
            pipeline.stores["items_io"].handle_output(context, obj)

        def load_input(self, context):
            raise NotImplementedError

    def overtake() -> None:
        pipeline.stores["items_io"] = own
        pipeline.next_second()
        pipeline.put("t1", subject="new", created_at=1_760_000_001)
        assert pipeline.run(batch).success

    own, PAUSES["next"] = pipeline.stores["items_io"], overtake
    pipeline.stores["items_io"] = Slow()
    pipeline.run(batch)
    assert [item["subject"] for item in pipeline.items("t1")] == ["new"]
    assert json.loads(pipeline.records.get("t1.json").body)["subject"] == "new"
