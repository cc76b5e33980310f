from pathlib import Path

import numpy as np
import pytest

from resources.models.distilbert_sentiment import predict
from resources.models.roles import ModelNotAvailable
from resources.models.torch_sentiment import TorchSentiment
from tests.unit.resources.models.random_models import SENTENCES, change_weights, save_bert, save_distilbert

NO_VECTORS = np.empty((0, 384), dtype=np.float32)
TEXTS = [SENTENCES[0], "Thank you!", " ".join(SENTENCES * 3), SENTENCES[1], SENTENCES[2] * 2]


def _save_with_bias(directory: Path, negative: float, positive: float) -> str:
    """A model that answers with the same two logits to any text."""
    import torch

    save_distilbert(directory)
    change_weights(
        directory, classifier__weight=torch.zeros(2, 32), classifier__bias=torch.tensor([negative, positive])
    )
    return str(directory)


@pytest.mark.parametrize(
    ("negative", "positive", "label", "confidence"),
    [
        (0.0, 3.0, "POSITIVE", 0.9526),
        (3.0, 0.0, "NEGATIVE", 0.9526),
        (0.0, 0.0, "NEUTRAL", 1.0),
        (0.8, 0.0, "NEUTRAL", 1 - 0.37995),
    ],
)
def test_the_models_classes_become_labels_and_close_ones_neutral(
    tmp_path: Path, negative: float, positive: float, label: str, confidence: float
):
    model = TorchSentiment(source=_save_with_bias(tmp_path / "m", negative, positive), neutral_margin=0.5)

    (prediction,) = model.classify(["any text"], NO_VECTORS)

    assert prediction.label == label
    assert prediction.confidence == pytest.approx(confidence, abs=1e-3)


def test_the_margin_decides_what_is_close(tmp_path: Path):
    source = _save_with_bias(tmp_path / "m", 0.0, 1.0)  # 0.731 against 0.269: a difference of 0.462

    labels = [TorchSentiment(source=source, neutral_margin=m).classify(["x"], NO_VECTORS)[0].label for m in (0.4, 0.5)]

    assert labels == ["POSITIVE", "NEUTRAL"]


@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("positive", [0.0, 0.4, 0.5, 0.6, 1.0])
def test_confidence_lies_between_a_half_and_one(margin: float, positive: float):
    prediction = predict({"POSITIVE": positive, "NEGATIVE": 1 - positive}, margin)

    assert 0.5 <= prediction.confidence <= 1


def test_without_a_margin_nothing_is_neutral():
    assert predict({"POSITIVE": 0.5, "NEGATIVE": 0.5}, 0).label != "NEUTRAL"


def test_labels_are_read_from_the_config_not_from_their_order(tmp_path: Path):
    import torch

    path = save_distilbert(tmp_path / "m", id2label={0: "positive", 1: "negative"}, label2id={})
    change_weights(path, classifier__weight=torch.zeros(2, 32), classifier__bias=torch.tensor([4.0, 0.0]))

    assert TorchSentiment(source=str(path)).classify(["x"], NO_VECTORS)[0].label == "POSITIVE"


def test_a_batch_gives_what_one_text_at_a_time_gives_in_the_same_order(tmp_path: Path):
    path = save_distilbert(tmp_path / "m", initializer_range=0.3)
    model = TorchSentiment(source=str(path), batch_size=2, neutral_margin=0)

    together = model.classify(TEXTS, NO_VECTORS)
    one_by_one = [model.classify([text], NO_VECTORS)[0] for text in TEXTS]

    assert [p.label for p in together] == [p.label for p in one_by_one]
    assert [p.confidence for p in together] == pytest.approx([p.confidence for p in one_by_one], abs=1e-4)
    assert len({round(p.confidence, 4) for p in together}) == len(TEXTS)


def test_a_text_longer_than_the_model_reads_is_cut(tmp_path: Path):
    model = TorchSentiment(source=str(save_distilbert(tmp_path / "m")))

    assert len(model.classify([" ".join(SENTENCES * 100)], NO_VECTORS)) == 1


def test_no_texts_give_no_predictions(tmp_path: Path):
    assert TorchSentiment(source=str(save_distilbert(tmp_path / "m"))).classify([], NO_VECTORS) == []


def test_other_classes_are_refused(tmp_path: Path):
    path = save_distilbert(tmp_path / "m", id2label={0: "A", 1: "B"}, label2id={"A": 0, "B": 1})

    with pytest.raises(ModelNotAvailable, match="NEGATIVE and POSITIVE"):
        TorchSentiment(source=str(path)).classify(["x"], NO_VECTORS)


def test_weights_of_another_model_are_refused_instead_of_filled_with_random_numbers(tmp_path: Path):
    path, other = save_distilbert(tmp_path / "m"), save_bert(tmp_path / "bert")
    (other / "model.safetensors").replace(path / "model.safetensors")

    with pytest.raises(ModelNotAvailable, match="not a DistilBert.* lacks"):
        TorchSentiment(source=str(path)).classify(["x"], NO_VECTORS)


def test_the_version_changes_with_the_margin(tmp_path: Path):
    source = str(save_distilbert(tmp_path / "m"))

    assert TorchSentiment(source=source).version != TorchSentiment(source=source, neutral_margin=0.1).version
