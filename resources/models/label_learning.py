"""Which corrected texts would help a label file as new examples, measured on corrections that the head has not seen.

Pure: it fits heads on vectors, and writes lines into a file's text. The corrections are the only truth it knows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resources.models.blended_head import Blend, fit_blended
from resources.models.example_classifier import keyword_counts
from resources.models.label_file import LabelFile, LabelFileError

HALVES = 2


class Effect(NamedTuple):
    """What adding the corrected texts of `label` does: how many held-out corrections are right, before and after."""

    label: str
    texts: tuple[str, ...]
    held_out: int
    before: int
    after: int

    @property
    def helps(self) -> bool:
        """Whether more are right than before; none that are as right is worth a longer file."""
        return self.after > self.before


def effects(
    file: LabelFile,
    blend: Blend,
    examples: np.ndarray,
    texts: Sequence[str],
    vectors: np.ndarray,
    labels: Sequence[str],
) -> list[Effect]:
    """One effect a label of the corrections. Halves take turns: one is learnt from, the other is held out.

    `examples` are vectors of `file.examples()`, `vectors` of `texts`, whose corrected labels are `labels`.
    """
    names = list(file.labels)
    truth = np.array([names.index(label) for label in labels])
    halves = np.arange(len(texts)) % HALVES
    before = [_right(file, blend, examples, [], texts, vectors, truth, halves == half) for half in range(HALVES)]
    found = []
    for place, name in enumerate(names):
        own = truth == place
        if not own.any():
            continue
        after = 0
        for half in range(HALVES):
            learnt = np.flatnonzero(own & (halves != half)).tolist()
            rows = [(texts[i], vectors[i], place) for i in learnt]
            after += _right(file, blend, examples, rows, texts, vectors, truth, halves == half)
        taught = tuple(texts[i] for i in np.flatnonzero(own).tolist())
        found.append(Effect(name, taught, len(texts), sum(before), after))
    return found


def with_examples(content: str, label: str, texts: Sequence[str]) -> str:
    """The file's text with examples behind those of `label`; nothing else in it changes.

    Raises LabelFileError where the label's examples are not one `- "…"` a line.
    """
    lines, inside, last = content.splitlines(), False, None
    for number, line in enumerate(lines):
        if line.startswith("  ") and not line.startswith("   "):
            inside = line.strip() == f"{label}:"
        elif inside and line.startswith("      - "):
            last = number
    if last is None:
        raise LabelFileError(
            f"label {label}: no example stands on a line of its own. Remedy: add the examples by hand."
        )
    quoted = [f'      - "{_escaped(text)}"' for text in texts]
    return "\n".join([*lines[: last + 1], *quoted, *lines[last + 1 :]]) + "\n"


def _right(
    file: LabelFile,
    blend: Blend,
    examples: np.ndarray,
    added: list[tuple[str, np.ndarray, int]],
    texts: Sequence[str],
    vectors: np.ndarray,
    truth: np.ndarray,
    held_out: np.ndarray,
) -> int:
    own, owners = file.examples()
    order = np.argsort(np.array([*owners, *(place for _, _, place in added)]), kind="stable")
    rows = np.vstack([examples, *(vector[None] for _, vector, _ in added)])[order]
    sentences = [*own, *(text for text, _, _ in added)]
    keywords = keyword_counts(file, [sentences[i] for i in order])
    places = np.array([*owners, *(place for _, _, place in added)])[order]
    head = fit_blended(rows, places, keywords, list(file.labels), blend)
    tried = [text for text, held in zip(texts, held_out, strict=True) if held]
    if not tried:
        return 0
    said = head.logits(vectors[held_out], keyword_counts(file, tried)).argmax(axis=1)
    return int((said == truth[held_out]).sum())


def _escaped(text: str) -> str:
    r"""One line in YAML's double quotes; what does not print is written as \u escapes."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)
