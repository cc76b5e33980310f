import numpy as np

from resources.models.baselines import by_keywords, by_lexicon, by_prototype
from resources.models.label_file import LabelFile

FILE = LabelFile.model_validate(
    {
        "description": "?",
        "hash": "0",
        "labels": {
            "a": {"description": "d", "keywords": ["apple"], "examples": ["1", "2", "3"]},
            "b": {"description": "d", "keywords": ["pear", "plum"], "examples": ["4", "5", "6"]},
        },
    }
)


def test_keywords_are_counted_and_a_text_without_any_is_the_rest():
    assert by_keywords(FILE, ["apple pear plum", "apple", "nothing"], "b") == ["b", "a", "b"]


def test_the_lexicon_alone_tells_three_moods():
    assert by_lexicon(["wonderful", "horrible", "table"]) == ["POSITIVE", "NEGATIVE", "NEUTRAL"]


def test_the_nearest_mean_of_a_labels_examples_wins():
    examples = np.array([[1, 0], [1, 0.1], [1, -0.1], [0, 1], [0.1, 1], [-0.1, 1.0]])
    assert by_prototype(FILE, examples, np.array([[0.8, 0.6], [0.6, 0.8]])) == ["a", "b"]
