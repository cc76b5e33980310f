"""Model files that are missing or corrupt: the run fails and names the file; no ticket gets a default label for it."""

from pathlib import Path

import pytest

from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.example_classifier import ExampleClassifier
from resources.models.head_sentiment import HeadSentiment
from resources.models.torch_embedder import TorchEmbedder
from tests.fakes import LengthEmbedder, fake_suite
from tests.faults.books import assert_books_balance, finish
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


def converted(place, name: str):
    """A converted model's file, and the embedder that reads it."""
    embedder = prepared(CTranslate2Embedder, save_bert(place / "bert"), place)
    return Path(embedder.info().path) / name, {"embedder": embedder}


def corrupt_converted(place):
    file, roles = converted(place, "model.bin")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    return file, roles


def missing_converted(place):
    file, roles = converted(place, "tokenizer.json")
    file.unlink()
    return file, roles


WEIGHTS = [weights, missing_weights]
CONVERTED = [not_converted, corrupt_converted, missing_converted]


@pytest.mark.parametrize("broken", [intent, sentiment, missing_labels, *WEIGHTS, *CONVERTED])
def test_a_run_whose_model_files_are_broken_names_the_file_and_labels_nothing(queue, tmp_path, broken):
    place = tmp_path / "models"
    place.mkdir()
    file, roles = broken(place)
    batch = queue.pipeline.land(queue.pipeline.put("t1"))

    with pytest.raises(Exception, match=r"models") as failure:
        queue.pipeline.run(batch, fake_suite(**roles))

    assert str(file.parent) in str(failure.value)
    assert file.name in str(failure.value)
    assert queue.pipeline.record("t1") is None
    assert queue.pipeline.items("t1") == []
    assert list(queue.pipeline.quarantine.entries()) == []
    finish(queue)
    assert_books_balance(queue.pipeline)
