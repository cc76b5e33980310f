import logging
from pathlib import Path

import numpy as np
import pytest

from resources.models import example_classifier, head_cache
from resources.models.example_classifier import ExampleClassifier
from resources.models.label_file import LabelFileError
from resources.models.torch_embedder import TorchEmbedder
from tests.unit.resources.models.embedders import EMBEDDED, WordEmbedder

LABELS = Path(__file__).parents[4] / "ticket_assets" / "labels"

FRUIT = """\
description: Which fruit?
rules:
  - {label: apple, phrases: [keeps the doctor away], why: proverb}
labels:
  apple:
    description: Round.
    keywords: [orchard, cider, crunchy]
    examples: [red round crisp, green round sour, round crisp juicy]
  banana:
    description: Long.
    keywords: [peel]
    examples: [yellow long bent, long soft sweet, yellow soft bent]
"""


@pytest.fixture
def classifier(tmp_path):
    forget_fitted_heads()
    (tmp_path / "fruit.yaml").write_text(FRUIT)
    return new_classifier(tmp_path)


def new_classifier(tmp_path, embedder=None):
    return ExampleClassifier(
        label_file=str(tmp_path / "fruit.yaml"),
        embedder=embedder or WordEmbedder(),
        cache_dir=str(tmp_path / "cache"),
    )


def forget_fitted_heads():
    """As a new process would."""
    head_cache._kept.clear()
    EMBEDDED.clear()


def classified(classifier, *texts):
    return classifier.classify(texts, WordEmbedder().embed(texts))


def test_each_text_gets_the_label_of_the_examples_it_resembles_in_order(classifier):
    found = classified(classifier, "yellow long", "crisp round", "soft bent")
    assert [p.label for p in found] == ["banana", "apple", "banana"]
    assert all(0.5 < p.confidence < 1 and type(p.confidence) is float for p in found)


def test_heads_with_and_without_the_nearest_examples_are_kept_apart(tmp_path, classifier):
    by_nearest = ExampleClassifier(
        label_file=classifier.label_file, embedder=WordEmbedder(), cache_dir=classifier.cache_dir, by_nearest=True
    )
    assert classifier.head().blend.share == 0 < by_nearest.head().blend.share
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_label_added_with_five_examples_is_recognized_without_touching_code(tmp_path, classifier):
    assert classified(classifier, "purple small cluster")[0].label != "grape"
    grape = "  grape:\n    description: Small.\n    examples: [purple small, small cluster, green cluster of small, "
    (tmp_path / "fruit.yaml").write_text(FRUIT + grape + "purple vine, vine cluster]\n")
    assert classified(classifier, "purple small cluster")[0].label == "grape"
    assert classifier.labels == ("apple", "banana", "grape")
    assert classified(classifier, "yellow long")[0].label == "banana"


def test_a_keyword_raises_its_label_and_no_more_than_two_count(classifier):
    texts = ["long", "long cider", "long cider orchard", "long cider orchard crunchy"]
    vectors = np.repeat(WordEmbedder().embed(["round long"]), 4, axis=0)
    odds = []
    for label, confidence, _ in classifier.classify(texts, vectors):
        p = confidence if label == "apple" else 1 - confidence
        odds.append(np.log(p / (1 - p)) * classifier.head().temperature)
    np.testing.assert_allclose(np.diff(odds), [1.0, 1.0, 0.0], atol=1e-9)


def test_a_hard_rule_wins_over_every_example_and_only_for_its_text(classifier):
    found = classified(classifier, "yellow long bent", "yellow long bent keeps the doctor away")
    assert found[0].label == "banana"
    assert found[1] == ("apple", 0.95, True)


def doubts(classifier, *texts):
    vectors = WordEmbedder().embed(texts)
    return classifier.doubts(texts, vectors, classifier.classify(texts, vectors))


def test_what_is_far_from_every_example_is_in_doubt_and_what_is_like_one_is_not(classifier):
    assert doubts(classifier, "yellow long bent", "quantum parliament zebra") == [False, True]


def test_a_label_is_in_doubt_below_the_threshold_that_its_file_sets(tmp_path, classifier):
    assert doubts(classifier, "yellow long bent") == [False]
    strict = FRUIT.replace("    description: Long.", "    description: Long.\n    review_below: 1.0")
    (tmp_path / "fruit.yaml").write_text(strict)
    assert doubts(classifier, "yellow long bent", "red round crisp") == [True, False]


def test_what_a_rule_decided_is_not_in_doubt(classifier):
    assert doubts(classifier, "quantum keeps the doctor away") == [False]


def test_no_texts_give_no_predictions(classifier):
    assert classifier.classify([], np.empty((0, 64), np.float32)) == []


def test_texts_without_their_vectors_are_refused(classifier):
    with pytest.raises(ValueError, match="2 texts but 1 vectors"):
        classifier.classify(["a", "b"], np.zeros((1, 64), np.float32))


def test_a_vector_that_is_not_a_number_never_becomes_a_label(classifier):
    vectors = WordEmbedder().embed(["yellow", "round"])
    vectors[1, 3] = np.nan
    with pytest.raises(ValueError, match=r"no probabilities for rows \[1\]"):
        classifier.classify(["yellow", "round"], vectors)


def test_a_bad_label_file_is_reported(tmp_path, classifier):
    with pytest.raises(LabelFileError, match=r"fruit\.yaml, line 9: label banana is not one of \['apple', 'pear'\]"):
        classified(classifier.model_copy(update={"known": ["apple", "pear"]}), "yellow")
    (tmp_path / "fruit.yaml").write_text("labels: {}")
    with pytest.raises(LabelFileError, match=r"fruit\.yaml"):
        classified(classifier, "yellow")


def test_the_version_names_the_file_and_changes_with_it_without_embedding(tmp_path, classifier):
    before = classifier.version
    (tmp_path / "fruit.yaml").write_text(FRUIT.replace("sour", "tart"))
    assert before.startswith("fruit@")
    assert classifier.version != before
    assert EMBEDDED == []


def test_a_new_process_reads_the_head_and_does_not_embed_the_examples(tmp_path, classifier):
    first = classified(classifier, "yellow long")
    forget_fitted_heads()
    assert classified(new_classifier(tmp_path), "yellow long") == first
    assert EMBEDDED == ["yellow long"]


def test_the_same_process_does_not_even_read_the_head_again(tmp_path, classifier):
    classified(classifier, "yellow long")
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    EMBEDDED.clear()
    classified(classifier, "yellow long")
    assert EMBEDDED == ["yellow long"]


@pytest.mark.parametrize("change", ["label file", "embedder", "code"])
def test_a_head_is_fitted_anew_when_what_it_depends_on_changes(tmp_path, classifier, monkeypatch, change):
    classified(classifier, "yellow long")
    forget_fitted_heads()
    if change == "label file":
        (tmp_path / "fruit.yaml").write_text(FRUIT.replace("sour", "tart"))
    if change == "code":
        monkeypatch.setattr(example_classifier, "CODE", "next")
    embedder = WordEmbedder(name="words-2") if change == "embedder" else WordEmbedder()
    classified(new_classifier(tmp_path, embedder), "yellow long")
    assert "red round crisp" in EMBEDDED
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", b"not an archive", "cut", "other array", "other shape"])
def test_a_damaged_cache_file_is_rebuilt(tmp_path, classifier, damage, caplog):
    first = classified(classifier, "yellow long")
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    if damage == "other array":
        np.savez(file, other=np.zeros(3))
    elif damage == "other shape":
        with np.load(file) as stored:
            np.savez(file, **{**stored, "weights": np.zeros((65, 3))})
    else:
        file.write_bytes(whole[: len(whole) // 2] if damage == "cut" else damage)
    forget_fitted_heads()
    with caplog.at_level(logging.WARNING):
        assert classified(new_classifier(tmp_path), "yellow long") == first
    assert "red round crisp" in EMBEDDED
    assert file.read_bytes() == whole
    assert "fitting the head anew" in caplog.text


def test_a_cache_that_cannot_be_written_costs_time_but_no_result(tmp_path, classifier, caplog):
    (tmp_path / "cache").write_text("a file where the directory should be")
    with caplog.at_level(logging.WARNING):
        assert classified(classifier, "yellow long")[0].label == "banana"
    assert "cannot be written" in caplog.text


def test_nothing_but_whole_heads_is_left_in_the_cache(tmp_path, classifier):
    classified(classifier, "yellow long")
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".npz"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The project's own label files with the real MiniLM."""
    cache = str(tmp_path_factory.mktemp("heads"))
    embedder = TorchEmbedder()

    def labels(name, *texts):
        file, nearest = str(LABELS / f"{name}.yaml"), name == "intent"
        own = ExampleClassifier(label_file=file, embedder=embedder, cache_dir=cache, by_nearest=nearest)
        return [p.label for p in own.classify(texts, embedder.embed(texts))]

    return labels


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I can't log in since the update", "login_issue"),
        ("You debited my card two times for the same basket", "payment_issue"),
        ("The save button throws an exception and the form is emptied", "bug_report"),
        ("Would you consider adding a night theme?", "feature_request"),
        ("We'd like to move from the starter plan to the business plan", "account_management"),
        ("Opening any page takes half a minute these days", "performance_issue"),
        ("I think a stranger broke into my profile and changed things", "security_concern"),
        ("Under the GDPR, send me everything you have stored about me", "data_request"),
        ("Which header do I sign when calling your REST endpoint?", "integration_help"),
        ("Are you open on bank holidays?", "general_inquiry"),
    ],
)
def test_each_intent_is_recognized_in_a_sentence_it_was_not_fitted_on(shipped, text, intent):
    assert shipped("intent", text) == [intent]


def test_urgency_runs_from_an_outage_to_a_plain_question(shipped):
    found = shipped(
        "urgency",
        "Our production is down, nobody can order anything!",
        "I must hand in the tax report today and the export refuses to work, please hurry",
        "Out of curiosity, which fonts do you use on your homepage?",
    )
    assert found == ["critical", "high", "low"]
