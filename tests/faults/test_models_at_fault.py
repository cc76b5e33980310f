"""Model files that are missing or corrupt: the run fails and names the file; no ticket gets a default label for it."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.example_classifier import ExampleClassifier
from resources.models.head_sentiment import HeadSentiment
from resources.models.torch_embedder import TorchEmbedder
from tests.conftest import own_settings
from tests.fakes import LengthEmbedder, fake_suite
from tests.faults.books import assert_books_balance, finish
from tests.pipeline.conftest import Pipeline
from tests.unit.resources.models.engines import prepared
from tests.unit.resources.models.random_models import save_bert
from ticket_assets.settings import Settings

LABELS = Settings().labels_dir


def corrupt_labels(place, name: str):
    """The project's own label file, cut off in the middle of a quoted text."""
    copy = place / f"{name}.yaml"
    copy.write_text((LABELS / f"{name}.yaml").read_text()[:2_000] + '\n  "cut')
    return copy


def intent(place):
    file = corrupt_labels(place, "intent")
    return file, {"intent": ExampleClassifier(label_file=str(file), embedder=LengthEmbedder(), cache_dir=str(place))}


def sentiment(place):
    file = corrupt_labels(place, "sentiment")
    return file, {"sentiment": HeadSentiment(label_file=str(file), embedder=LengthEmbedder(), cache_dir=str(place))}


def missing_labels(place):
    file = place / "urgency.yaml"
    return file, {"urgency": ExampleClassifier(label_file=str(file), embedder=LengthEmbedder(), cache_dir=str(place))}


def weights(place):
    for name in ("config.json", "vocab.txt"):
        (place / name).write_text("{}")
    file = place / "model.safetensors"
    file.write_bytes((1_000).to_bytes(8, "little") + b'{"cut')
    return file, {"embedder": TorchEmbedder(source=str(place), cache_dir=str(place))}


def missing_weights(place):
    (place / "config.json").write_text("{}")
    return place, {"embedder": TorchEmbedder(source=str(place), cache_dir=str(place))}


def not_converted(place):
    embedder = CTranslate2Embedder(source=str(save_bert(place / "bert")), cache_dir=str(place))
    return Path(embedder.info().path), {"embedder": embedder}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A model and the cache that holds its conversion, to be copied: converting takes longer than the tests."""
    base = tmp_path_factory.mktemp("whole")
    source = save_bert(base / "bert")
    prepared(CTranslate2Embedder, source, base / "cache")
    return source, base / "cache"


def corrupt(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"?")


@pytest.fixture(scope="module")
def stuck(aws_endpoint):
    """A pipeline whose one batch fails in each test, and leaves nothing behind for the next."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(own_settings(), instance)


@pytest.fixture(scope="module")
def batch(stuck):
    return stuck.land(stuck.put("t1"))


def assert_names_the_file_and_labels_nothing(pipeline: Pipeline, batch: str, file: Path, roles: dict) -> None:
    with pytest.raises(Exception, match=r"models") as failure:
        pipeline.run(batch, fake_suite(**roles))

    assert str(file.parent) in str(failure.value)
    assert file.name in str(failure.value)
    assert pipeline.record("t1") is None
    assert pipeline.items("t1") == []
    assert list(pipeline.quarantine.entries()) == []
    assert pipeline.batches.pending() == [batch]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize("broken", [intent, sentiment, missing_labels, weights, missing_weights, not_converted])
def test_a_run_whose_model_files_are_broken_names_the_file_and_labels_nothing(stuck, batch, place, broken):
    assert_names_the_file_and_labels_nothing(stuck, batch, *broken(place))


@pytest.mark.parametrize(("name", "harm"), [("model.bin", corrupt), ("tokenizer.json", Path.unlink)])
def test_a_run_whose_converted_model_is_broken_names_the_file_and_labels_nothing(
    stuck, batch, place, whole, name, harm
):
    source, cache = whole
    shutil.copytree(cache, place, dirs_exist_ok=True)
    embedder = CTranslate2Embedder(source=str(source), cache_dir=str(place), compute_type="float32")
    file = Path(embedder.info().path) / name
    harm(file)

    assert_names_the_file_and_labels_nothing(stuck, batch, file, {"embedder": embedder})


def test_once_the_files_are_whole_the_ticket_is_enriched(queue, place):
    batch = queue.pipeline.land(queue.pipeline.put("t1"))
    for broken in (intent, missing_weights):
        assert_names_the_file_and_labels_nothing(queue.pipeline, batch, *broken(place))
    finish(queue)
    assert_books_balance(queue.pipeline)
