import numpy as np
import pytest

from resources.models import label_learning
from resources.models.example_classifier import ExampleClassifier
from resources.models.head_sentiment import HeadSentiment
from resources.models.label_file import LabelFileError, load
from resources.models.label_learning import Lesson, Trial, write_examples
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


MOODS = """\
description: Which mood?
labels:
  POSITIVE:
    description: Pleased.
    examples: ["wonderful and great", "excellent, I love it", "a happy day"]
  NEGATIVE:
    description: Annoyed.
    examples: ["horrible and bad", "disgusting, I hate it", "a sad day"]
  NEUTRAL:
    description: Neither.
    examples: ["the chair", "a table", "one window"]
"""

FORMS = """\
description: The same, written otherwise.
labels:
  keywords_last:
    description: Examples come first.
    examples:
      - "a"
      - "b"
      - "c"  # a remark
    keywords:
      - "k"
  two_lines:
    description: The last one is folded.
    examples:
      - "a"
      - "b"
      - "which goes
        on"

  literal:
    description: The last one is a block.
    examples:
      - a
      - b
      - |
        which goes
        on
  indented:
      description: Deeper, or not at all.
      examples:
      - a
      - b
      - plain that
        goes on
  # a comment between
  last:
    description: No line end at the end.
    examples:
      - a
      - b
      - c"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "fruit.yaml").write_text(FRUIT)
    return load(str(tmp_path / "fruit.yaml"))


def trial(file, pairs, head: type[ExampleClassifier | HeadSentiment] = ExampleClassifier, embed=None) -> Trial:
    embed = embed or WordEmbedder().embed
    lessons = [Lesson(text, label, ("T-1",)) for text, label in pairs]
    fit = head(label_file="unread", embedder=WordEmbedder(), cache_dir="unused").fitted_on
    return Trial(file, fit, embed(file.examples()[0]), lessons, embed([lesson.text for lesson in lessons]))


def four(text: str) -> list[str]:
    return [f"{text} {n}" for n in ("one", "two", "three", "four")]


def test_corrections_that_teach_something_new_help_those_held_out(file):
    (effect,) = trial(file, [(text, "apple") for text in four("yellow tart quince")]).effects()
    assert (effect.label, effect.held_out, effect.before, effect.after) == ("apple", 4, 0, 4)
    assert effect.helps


def test_corrections_that_the_head_knows_already_do_not_help(file):
    (effect,) = trial(file, [(text, "apple") for text in four("round crisp")]).effects()
    assert effect.before == effect.after == 4
    assert not effect.helps


def test_sentiment_is_tried_with_the_lexicons_score_beside_the_vector(tmp_path):
    (tmp_path / "moods.yaml").write_text(MOODS)
    moods = load(str(tmp_path / "moods.yaml"))
    pairs = [("an awful mess", "NEGATIVE"), ("so terrible", "NEGATIVE"), ("a superb job", "POSITIVE")]
    known = trial(moods, pairs, HeadSentiment, lambda texts: np.zeros((len(texts), 4), np.float32))
    assert known.right([]) == 3  # of which the vectors say nothing
    (effect,) = trial(moods, [(text, "NEGATIVE") for text in four("chair table quince")], HeadSentiment).effects()
    assert (effect.before, effect.after) == (0, 4)


def test_each_label_is_learnt_and_held_out_however_its_tickets_alternate_with_anothers(file):
    quinces, plums = four("yellow tart quince"), four("round blue plum")
    pairs = [pair for two in zip(quinces, plums, strict=True) for pair in ((two[0], "apple"), (two[1], "banana"))]
    assert [(e.label, e.before, e.after) for e in trial(file, pairs).effects()] == [("apple", 0, 4), ("banana", 0, 4)]


def test_labels_that_help_alone_are_chosen_only_where_they_help_together(file):
    other = trial(file, [(text, "apple") for text in four("yellow tart quince")])
    (apple,) = other.effects()
    assert other.chosen([apple, apple._replace(label="banana", after=3)]) == [apple]
    assert other.right(["apple"]) == 4


def test_new_examples_stand_behind_those_of_their_label_and_nothing_else_changes(tmp_path, file):
    path = tmp_path / "fruit.yaml"
    lessons = [
        Lesson('say "tart"\n back\\slash', "apple", ("T-1", "T-2")),
        Lesson("caf\u00e9 \u0007", "apple", ("T-3",)),
    ]
    write_examples(path, lessons)
    label = load(str(path)).labels["apple"]
    assert label.examples == [*file.labels["apple"].examples, 'say "tart" back\\slash', "caf\u00e9 \u0007"]
    lines = path.read_text().splitlines()
    assert [line for line in lines if line in FRUIT.splitlines()] == FRUIT.splitlines()
    assert [line.partition("  # ")[2] for line in lines if "learnt" in line] == [
        "learnt from T-1, T-2",
        "learnt from T-3",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["fruit.yaml"]


@pytest.mark.parametrize("label", ["keywords_last", "two_lines", "literal", "indented", "last"])
def test_however_the_examples_are_written_a_new_one_is_an_example_and_the_last_one_stays_whole(tmp_path, label):
    path = tmp_path / "forms.yaml"
    path.write_text(FORMS)
    before = load(str(path)).labels[label]
    write_examples(path, [Lesson("a new one", label, ("T-1",))])
    after = load(str(path)).labels[label]
    assert after.examples == [*before.examples, "a new one"]
    assert after.keywords == before.keywords


def test_a_file_whose_examples_are_written_otherwise_is_left_to_its_owner(tmp_path):
    path = tmp_path / "fruit.yaml"
    path.write_text(FRUIT + "  pear:\n    description: Green.\n    examples: [a, b, c]\n")
    before = path.read_bytes()
    with pytest.raises(LabelFileError, match="label pear: .*by hand"):
        write_examples(path, [Lesson("x", "apple", ("T-1",)), Lesson("x", "pear", ("T-1",))])
    assert path.read_bytes() == before


def test_a_file_that_would_not_be_read_back_as_meant_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "fruit.yaml"
    path.write_text(FRUIT)
    monkeypatch.setattr(label_learning, "_escaped", lambda text: f'{text}"\n      - "another')
    with pytest.raises(LabelFileError, match="would change something else"):
        write_examples(path, [Lesson("x", "apple", ("T-1",))])
    assert path.read_text() == FRUIT
