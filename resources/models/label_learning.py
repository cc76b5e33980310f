"""Which corrected texts would help a label file as new examples, measured on corrections that the head has not seen.

It fits heads on vectors, and writes lines into the file. The corrections are the only truth it knows.
"""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from resources.models.label_file import LabelFile, LabelFileError, load

HALVES = 2

# What differs between roles: fits a head on a file's labels, texts, their vectors and label positions in ascending
# order; the head maps texts and vectors to scores (n, labels).
Fit = Callable[[LabelFile, Sequence[str], np.ndarray, np.ndarray], Callable[[Sequence[str], np.ndarray], np.ndarray]]


class Lesson(NamedTuple):
    """A text, as it would stand in the file, the label that people decided, and whose tickets' it is."""

    text: str
    label: str
    tickets: tuple[str, ...]


class Effect(NamedTuple):
    """What adding the corrected texts of `label` does: how many held-out corrections are right, before and after."""

    label: str
    lessons: tuple[Lesson, ...]
    held_out: int
    before: int
    after: int

    @property
    def helps(self) -> bool:
        """Whether more are right than before; none that are as right is worth a longer file."""
        return self.after > self.before


class Trial:
    """Measures lessons on one another. Halves take turns: one is learnt from, the other is held out."""

    def __init__(
        self, file: LabelFile, fit: Fit, examples: np.ndarray, lessons: Sequence[Lesson], vectors: np.ndarray
    ) -> None:
        """`fit` is the role's own; `examples` are vectors of `file.examples()`, `vectors` of the lessons' texts."""
        self._file, self._fit, self._examples = file, fit, examples
        self._lessons, self._vectors = lessons, vectors
        self._names = list(file.labels)
        self._truth = np.array([self._names.index(lesson.label) for lesson in lessons])
        self._halves = _halves(self._truth)

    def effects(self) -> list[Effect]:
        """One effect a label of the lessons, each measured alone."""
        before = self.right([])
        return [self._effect(name, before) for name in self._names if (self._truth == self._names.index(name)).any()]

    def chosen(self, effects: Sequence[Effect]) -> list[Effect]:
        """Of those that help alone, the best first, each that helps beside those chosen before it."""
        kept: list[Effect] = []
        most = self.right([])
        for effect in sorted((e for e in effects if e.helps), key=lambda e: -e.after):
            right = self.right([*(e.label for e in kept), effect.label])
            if right > most:
                kept, most = [*kept, effect], right
        return kept

    def right(self, labels: Collection[str]) -> int:
        """How many of the lessons are right while held out, where those of these labels are learnt from."""
        own = np.isin(self._truth, [self._names.index(label) for label in labels])
        return sum(self._right(own & (self._halves != half), self._halves == half) for half in range(HALVES))

    def _effect(self, name: str, before: int) -> Effect:
        taught = tuple(lesson for lesson in self._lessons if lesson.label == name)
        return Effect(name, taught, len(self._lessons), before, self.right([name]))

    def _right(self, learnt: np.ndarray, held_out: np.ndarray) -> int:
        own, owners = self._file.examples()
        added = np.flatnonzero(learnt).tolist()
        places = np.array([*owners, *self._truth[added]])
        order = np.argsort(places, kind="stable")
        rows = np.vstack([self._examples, self._vectors[added]])[order]
        texts = [*own, *(self._lessons[i].text for i in added)]
        tried = [self._lessons[i].text for i in np.flatnonzero(held_out).tolist()]
        if not tried:
            return 0
        head = self._fit(self._file, [texts[i] for i in order], rows, places[order])
        said = head(tried, self._vectors[held_out]).argmax(axis=1)
        return int((said == self._truth[held_out]).sum())


def as_written(text: str) -> str:
    """The text as an example: on one line."""
    return " ".join(text.split())


def with_examples(path: str, content: str, lessons: Sequence[Lesson]) -> str:
    """The text of the label file at `path` with the lessons behind the examples of their labels.

    Nothing else in it changes: that is looked at. Each names its tickets in a comment. Raises LabelFileError where the
    examples do not stand one below the other.
    """
    for label in dict.fromkeys(lesson.label for lesson in lessons):
        own = [lesson for lesson in lessons if lesson.label == label]
        end, indent = _end_of_examples(path, content, label)
        lines = content.splitlines(keepends=True)
        lines[-1] = lines[-1].rstrip("\n") + "\n"
        quoted = [f'{indent}- "{_escaped(each.text)}"  {remark(each.tickets)}\n' for each in own]
        content = "".join([*lines[:end], *quoted, *lines[end:]])
    return content


def remark(tickets: Iterable[str]) -> str:
    """The comment behind an example: whose words it is, so that they can be found when they are to be forgotten."""
    return f"# learnt from {', '.join(tickets)}"


def write_examples(path: Path, lessons: Sequence[Lesson]) -> None:
    """Add the lessons to the label file, all or none: it is replaced once the new one has been read back as meant.

    Raises LabelFileError, and then the file is as it was.
    """
    path = path.resolve()
    old, content = load(str(path)), with_examples(str(path), path.read_bytes().decode(), lessons)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".learn-") as beside:
        new = Path(beside) / path.name
        new.write_bytes(content.encode())
        _check(path, old, load(str(new)), lessons)
        shutil.copymode(path, new)
        new.replace(path)


def _end_of_examples(path: str, content: str, label: str) -> tuple[int, str]:
    """The line behind the label's last example, and the indent of its examples."""
    node = yaml.compose(content, yaml.SafeLoader)
    for name in ("labels", label, "examples"):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for key, value in pairs if key.value == name), None)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise LabelFileError(
            f"{path}: label {label}: its examples do not stand one a line. Remedy: add the new ones by hand."
        )
    end = node.value[-1].end_mark
    return end.line + (end.column > 0), " " * node.start_mark.column


def _halves(truth: np.ndarray) -> np.ndarray:
    """Of each row the half, in turn within its label: no half is without a label that has two rows."""
    return np.array([(truth[:place] == label).sum() % HALVES for place, label in enumerate(truth)])


def _escaped(text: str) -> str:
    r"""One line in YAML's double quotes; what does not print is written as \u escapes."""
    plain = as_written(text).replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def _check(path: Path, old: LabelFile, new: LabelFile, lessons: Sequence[Lesson]) -> None:
    meant = old.model_dump(exclude={"hash"})
    for lesson in lessons:
        meant["labels"][lesson.label]["examples"].append(as_written(lesson.text))
    if new.model_dump(exclude={"hash"}) != meant:
        raise LabelFileError(f"{path}: the new examples would change something else. Remedy: add them by hand.")
