import pytest

from resources.models.example_classifier import PLAIN
from resources.models.label_file import LabelFileError, load
from resources.models.label_learning import effects, with_examples
from tests.unit.resources.models.embedders import WordEmbedder

FRUIT = """\
description: Which fruit?
labels:
  apple:
    description: Round.
    examples:
      - "red round crisp"
      - "green round sour"
      - "round crisp juicy"
  # a comment that stays
  banana:
    description: Long.
    examples:
      - "yellow long bent"
      - "long soft sweet"
      - "yellow soft bent"
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "fruit.yaml").write_text(FRUIT)
    return load(str(tmp_path / "fruit.yaml"))


def measured(file, pairs):
    texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
    embed = WordEmbedder().embed
    return effects(file, PLAIN, embed(file.examples()[0]), texts, embed(texts), labels)


def test_corrections_that_teach_something_new_help_those_held_out(file):
    pairs = [(f"yellow tart quince {n}", "apple") for n in ("one", "two", "three", "four")]
    (effect,) = measured(file, pairs)
    assert (effect.label, effect.held_out, effect.before, effect.after) == ("apple", 4, 0, 4)
    assert effect.helps


def test_corrections_that_the_head_knows_already_do_not_help(file):
    (effect,) = measured(file, [(f"round crisp {n}", "apple") for n in ("one", "two", "three", "four")])
    assert effect.before == effect.after == 4
    assert not effect.helps


def test_new_examples_stand_behind_those_of_their_label_and_nothing_else_changes(tmp_path, file):
    content = with_examples(FRUIT, "apple", ['say "tart"\n back\\slash', "caf\u00e9 \u0007"])
    (tmp_path / "fruit.yaml").write_text(content)
    label = load(str(tmp_path / "fruit.yaml")).labels["apple"]
    assert label.examples == [*file.labels["apple"].examples, 'say "tart" back\\slash', "caf\u00e9 \u0007"]
    kept = [line for line in content.splitlines() if line in FRUIT.splitlines()]
    assert kept == FRUIT.splitlines()


def test_a_file_whose_examples_are_written_otherwise_is_left_to_its_owner():
    with pytest.raises(LabelFileError, match="label pear: .*by hand"):
        with_examples(FRUIT, "pear", ["x"])
