import random
from pathlib import Path

import numpy as np
import pytest

from resources.models.ctranslate2_sentiment import CTranslate2Sentiment
from resources.models.distilbert_sentiment import MAX_TOKENS
from resources.models.roles import ModelNotAvailable
from resources.models.torch_sentiment import TorchSentiment, load_distilbert
from tests.unit.resources.models.engines import prepared, token_ids
from tests.unit.resources.models.random_models import save_distilbert
from tests.unit.resources.models.trained_models import ODD, mood_text, train_distilbert

NO_VECTORS = np.empty((0, 384), dtype=np.float32)
MOODS = [mood_text(random.Random(seed)) for seed in range(80)]
LONG = " ".join(text for text, _ in MOODS)
TEXTS = [*(text for text, _ in MOODS), *ODD, LONG]


@pytest.fixture(scope="module")
def distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_distilbert(tmp_path_factory.mktemp("sentiment") / "distilbert")


@pytest.fixture(scope="module")
def exact(distilbert: Path) -> CTranslate2Sentiment:
    return prepared(CTranslate2Sentiment, distilbert, distilbert.parent)


def test_in_float32_the_labels_and_confidences_are_those_of_the_reference_engine(distilbert, exact):
    ours, reference = (role.classify(TEXTS, NO_VECTORS) for role in (exact, TorchSentiment(source=str(distilbert))))

    assert [p.label for p in ours] == [p.label for p in reference]
    assert [p.confidence for p in ours] == pytest.approx([p.confidence for p in reference], abs=1e-5)
    assert {p.label for p in ours} == {"POSITIVE", "NEGATIVE", "NEUTRAL"}


@pytest.mark.parametrize("compute_type", ["float32", "int7", "int8"])
def test_what_the_model_was_trained_to_say_is_what_it_says(distilbert, compute_type):
    role = prepared(CTranslate2Sentiment, distilbert, distilbert.parent, compute_type=compute_type, neutral_margin=0)

    said = [p.label for p in role.classify([text for text, _ in MOODS], NO_VECTORS)]

    assert said == ["POSITIVE" if good else "NEGATIVE" for _, good in MOODS]


@pytest.mark.parametrize("limit", [5, MAX_TOKENS])
def test_both_engines_read_the_same_tokens(distilbert, exact, limit):
    ids = token_ids(exact, TEXTS, limit)

    assert ids == load_distilbert(str(distilbert)).token_ids(TEXTS, limit)
    assert len(ids[-1]) == limit


def test_no_texts_give_no_predictions(exact):
    assert exact.classify([], NO_VECTORS) == []


def test_labels_that_stand_in_another_order_are_read_in_that_order(tmp_path):
    names = {"id2label": {0: "positive", 1: "negative"}, "label2id": {"positive": 0, "negative": 1}}
    source = save_distilbert(tmp_path / "m", initializer_range=0.3, **names)
    texts = [text for text, _ in MOODS[:20]]

    ours = prepared(CTranslate2Sentiment, source, tmp_path).classify(texts, NO_VECTORS)

    assert [p.label for p in ours] == [p.label for p in TorchSentiment(source=str(source)).classify(texts, NO_VECTORS)]


def test_other_classes_are_refused_when_the_model_is_prepared(tmp_path):
    source = save_distilbert(tmp_path / "m", id2label={0: "A", 1: "B"}, label2id={"A": 0, "B": 1})

    with pytest.raises(ModelNotAvailable, match="NEGATIVE and POSITIVE"):
        prepared(CTranslate2Sentiment, source, tmp_path)


def test_the_version_tells_margin_engine_and_compute_type(distilbert):
    source = str(distilbert)
    roles = [
        TorchSentiment(source=source),
        CTranslate2Sentiment(source=source),
        CTranslate2Sentiment(source=source, compute_type="float32"),
        CTranslate2Sentiment(source=source, neutral_margin=0.1),
    ]

    assert len({role.version for role in roles}) == len(roles)
    assert roles[1].version.endswith(":0.5:ctranslate2:int7")
