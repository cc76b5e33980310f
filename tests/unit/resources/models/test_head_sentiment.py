import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resources.models import example_classifier, head_cache
from resources.models.head_sentiment import HeadSentiment, with_lexicon
from resources.models.label_file import LabelFileError
from resources.models.roles import Prediction
from resources.models.torch_embedder import TorchEmbedder
from tests.unit.resources.models.embedders import EMBEDDED, WordEmbedder

LABELS = Path(__file__).parents[4] / "ticket_assets" / "labels"


@pytest.fixture
def sentiment(tmp_path):
    head_cache._kept.clear()
    EMBEDDED.clear()
    return HeadSentiment(
        label_file=str(LABELS / "sentiment.yaml"), embedder=WordEmbedder(), cache_dir=str(tmp_path / "cache")
    )


def test_the_lexicon_decides_where_the_vectors_say_nothing(sentiment):
    texts = ["wonderful excellent superb", "horrible disgusting awful", "chair table window"]
    nothing = np.zeros((3, 64), np.float32)
    assert [p.label for p in sentiment.classify(texts, nothing)] == ["POSITIVE", "NEGATIVE", "NEUTRAL"]


def test_features_are_the_vector_then_the_score_and_its_size():
    vectors = WordEmbedder().embed(["a", "b"])
    features = with_lexicon(["this is horrible", "table"], vectors)
    assert features.shape == (2, 66)
    np.testing.assert_array_equal(features[:, :64], vectors)
    assert -0.5 < features[0, 64] == -features[0, 65] < 0
    assert features[1, 64] == features[1, 65] == 0


def test_the_lexicon_reads_only_the_beginning_of_a_huge_text():
    vectors = WordEmbedder().embed(["a", "b"])
    filler = "table " * 1000
    features = with_lexicon([f"horrible {filler}", f"{filler} horrible"], vectors)
    assert features[0, 64] < 0
    assert features[1, 64] == 0


def test_a_new_process_reads_the_head_and_does_not_embed_the_examples(sentiment):
    texts = ["thank you", "awful"]
    vectors = WordEmbedder().embed(texts)
    first = sentiment.classify(texts, vectors)
    head_cache._kept.clear()
    EMBEDDED.clear()
    assert sentiment.classify(texts, vectors) == first
    assert EMBEDDED == []


def test_the_head_of_a_classifier_on_the_same_file_is_not_mistaken_for_the_sentiments(sentiment, tmp_path):
    plain = example_classifier.ExampleClassifier(
        label_file=sentiment.label_file, embedder=WordEmbedder(), cache_dir=str(tmp_path / "cache")
    )
    vectors = WordEmbedder().embed(["thank you"])
    plain.classify(["thank you"], vectors)
    sentiment.classify(["thank you"], vectors)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_mood_is_in_doubt_below_the_bar_that_its_file_sets_and_else_below_a_fixed_one(sentiment, tmp_path):
    said = [Prediction("POSITIVE", 0.6), Prediction("NEGATIVE", 0.6), Prediction("NEUTRAL", 0.39)]
    texts, vectors = ["a", "b", "c"], np.zeros((3, 64))
    assert sentiment.doubts(texts, vectors, said) == [False, False, True]
    text = (LABELS / "sentiment.yaml").read_text()
    (tmp_path / "s.yaml").write_text(text.replace("    examples:", "    review_below: 0.7\n    examples:", 1))
    edited = HeadSentiment(label_file=str(tmp_path / "s.yaml"), embedder=WordEmbedder(), cache_dir=str(tmp_path))
    assert edited.doubts(texts, vectors, said) == [True, False, True]


def test_no_texts_give_no_predictions(sentiment):
    assert sentiment.classify([], np.empty((0, 64), np.float32)) == []


def test_texts_without_their_vectors_are_refused(sentiment):
    with pytest.raises(ValueError, match="1 texts but 0 vectors"):
        sentiment.classify(["a"], np.empty((0, 64), np.float32))


def test_a_vector_that_is_not_a_number_never_becomes_a_label(sentiment):
    with pytest.raises(ValueError, match=r"no probabilities for rows \[0\]"):
        sentiment.classify(["a"], np.full((1, 64), np.nan, np.float32))


def test_a_file_with_other_labels_is_refused(tmp_path):
    path = tmp_path / "moods.yaml"
    path.write_text(
        (LABELS / "sentiment.yaml").read_text().replace("  POSITIVE:", "  HAPPY:"),
    )
    moods = HeadSentiment(label_file=str(path), embedder=WordEmbedder(), cache_dir=str(tmp_path))
    with pytest.raises(LabelFileError, match=r"moods\.yaml, line \d+: label HAPPY is not one of \['POSITIVE', 'NEG"):
        moods.classify(["hello"], WordEmbedder().embed(["hello"]))


def test_the_version_names_the_file_and_its_hash(sentiment):
    assert sentiment.version.startswith("sentiment@")


def test_importing_the_module_does_not_load_the_lexicon_or_an_engine():
    code = "import sys, resources.models.head_sentiment; print({'vaderSentiment', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=LABELS.parents[1]
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Many thanks for sorting this out so fast, you have been wonderful!", "POSITIVE"),
        ("Third week without an answer. This is a disgrace and I'm furious.", "NEGATIVE"),
        ("What time does the support desk open on Mondays?", "NEUTRAL"),
        (
            "The invoice of April lists two seats, our contract three. Please send a corrected one. Regards, Jo",
            "NEUTRAL",
        ),
    ],
)
def test_feelings_are_recognized_in_sentences_the_head_was_not_fitted_on(tmp_path_factory, text, label):
    cache = tmp_path_factory.getbasetemp() / "shipped-heads"
    embedder = TorchEmbedder()
    shipped = HeadSentiment(label_file=str(LABELS / "sentiment.yaml"), embedder=embedder, cache_dir=str(cache))
    assert shipped.classify([text], embedder.embed([text]))[0].label == label


@pytest.mark.parametrize(
    ("place", "key"), [("    examples:", "    keywords: [angry]"), ("labels:", "denied_by: [not]")]
)
def test_keywords_which_the_head_would_not_read_are_refused(tmp_path, place, key):
    text = (LABELS / "sentiment.yaml").read_text()
    (tmp_path / "s.yaml").write_text(text.replace(place, f"{key}\n{place}", 1))
    edited = HeadSentiment(label_file=str(tmp_path / "s.yaml"), embedder=WordEmbedder(), cache_dir=str(tmp_path))

    with pytest.raises(LabelFileError, match=r"s\.yaml, line \d+: the head reads no keywords.*\. Remedy: "):
        edited.classify(["a"], WordEmbedder().embed(["a"]))
