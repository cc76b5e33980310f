import numpy as np
import pytest

from resources.models.label_check import findings, nearest
from resources.models.label_file import LabelFile
from resources.models.label_matching import keywords_found


def file_of(**labels):
    described = {name: {"description": "d", "examples": texts} for name, texts in labels.items()}
    return LabelFile.model_validate({"description": "?", "labels": described, "hash": "0"})


def many(word):
    return [f"{word}{n}" for n in range(30)]


def apart(count):
    return np.eye(count)


def test_a_label_with_few_examples_is_thin_and_one_with_thirty_is_not():
    found = findings(file_of(a=many("x"), b=["1", "2", "3"]), apart(33))
    assert [(f.kind, f.labels) for f in found] == [("thin", ("b",))]
    assert "add 27" in found[0].remedy


def test_like_examples_of_two_labels_contradict_and_of_one_label_are_duplicates():
    vectors = apart(60)
    vectors[1] = vectors[0]
    vectors[31] = vectors[5]
    found = findings(file_of(a=many("x"), b=many("y")), vectors)
    assert [(f.kind, f.labels, f.texts) for f in found] == [
        ("near-duplicate", ("a",), ("x0", "x1")),
        ("contradictory", ("a", "b"), ("x5", "y1")),
    ]


def test_what_shares_a_topic_only_is_no_duplicate():
    vectors = apart(60)
    vectors[1] = 0.9 * vectors[0] + np.sqrt(1 - 0.81) * vectors[1]
    assert findings(file_of(a=many("x"), b=many("y")), vectors) == []


def test_vectors_of_other_examples_are_refused():
    with pytest.raises(ValueError, match="60 examples but 3 vectors"):
        findings(file_of(a=many("x"), b=many("y")), apart(3))


def test_the_nearest_examples_come_first_with_their_labels():
    file = file_of(a=["x", "y", "z"], b=["u", "v", "w"])
    text = np.array([0.0, 0.6, 0.0, 0.8, 0.0, 0.0])
    assert nearest(file, apart(6), text, 2) == [(0.8, "b", "u"), (0.6, "a", "y")]


def test_keywords_are_told_by_the_label_they_speak_for():
    file = file_of(a=["x", "y", "z"], b=["u", "v", "w"])
    labels = {name: label.model_copy(update={"keywords": [f"{name} word"]}) for name, label in file.labels.items()}
    assert keywords_found(file.model_copy(update={"labels": labels}), "One A Word here") == {"a": ["a word"]}
