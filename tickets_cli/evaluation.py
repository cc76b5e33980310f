"""What a file of rows with known answers says of the models: plain numbers, for the report to show."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from resources.models import label_metrics, text_metrics
from resources.models.baselines import by_keywords, by_lexicon, by_prototype
from resources.models.label_file import load
from resources.models.sentences import content_sentences
from resources.models.suite import ModelSuite
from tickets_cli.processes import ProcessFailed

Rows = list[dict[str, Any]]
Numbered = dict[int, dict[str, Any]]  # by the line of the file
KINDS = {"labels": {"text", "label"}, "summaries": {"text", "summary"}, "search": {"id", "subject", "body", "dups"}}
# What each field must be; what else a row has is not looked at.
TEXT, NAME, LIST = "text that is not blank", "text or a whole number", "a list of ids"
FIELDS = {"text": TEXT, "label": TEXT, "summary": TEXT, "subject": "text", "body": "text", "id": NAME, "dups": LIST}
FITS: dict[str, Callable[[Any], bool]] = {
    TEXT: lambda value: isinstance(value, str) and bool(value.strip()),
    "text": lambda value: isinstance(value, str),
    NAME: lambda value: isinstance(value, str | int) and not isinstance(value, bool),
    LIST: lambda value: isinstance(value, list) and all(map(FITS[NAME], value)),
}
TARGET = 0.9
REST = {"intent": "general_inquiry", "urgency": "medium"}


class Labelled(NamedTuple):
    """The measures of one file of labels, by our heads; `rivals` are the macro-F1s of the baselines."""

    role: str
    truth: list[str]
    said: list[str]
    confidences: np.ndarray
    rivals: dict[str, float]
    milliseconds: float
    doubted: float

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right."""
        return np.array([a == b for a, b in zip(self.truth, self.said, strict=True)])


def read(path: Path) -> Numbered:
    """The rows of a JSON-lines file. Raises ProcessFailed with the line of what is none."""
    rows: Numbered = {}
    try:
        # Not `splitlines`: texts may hold other ends of lines, such as U+2028.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ProcessFailed(
            f"{path}: cannot be read ({type(error).__name__}); it should be JSON lines in UTF-8"
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ProcessFailed(f"{path}, line {number}: is no JSON object; write one a line")
        rows[number] = row
    if not rows:
        raise ProcessFailed(f"{path}: holds no rows")
    return rows


def kind_of(path: Path, rows: Numbered) -> str:
    """What the rows measure, by the fields that all of them have. Raises ProcessFailed, also for a field's value."""
    for kind, fields in KINDS.items():
        if all(fields <= row.keys() for row in rows.values()):
            for number, row in rows.items():
                for name in sorted(fields):
                    if not FITS[FIELDS[name]](row[name]):
                        raise ProcessFailed(f"{path}, line {number}: '{name}' must be {FIELDS[name]}; mend or drop it")
            return kind
    wanted = "; ".join(f"{kind}: {', '.join(sorted(fields))}" for kind, fields in KINDS.items())
    raise ProcessFailed(f"{path}: not every row has the fields of one kind ({wanted})")


def evaluate_labels(models: ModelSuite, files: dict[str, str], role: str, rows: Rows) -> Labelled:
    """Our labels of the texts against theirs; `files` are the label files' paths by role."""
    texts, truth = [str(row["text"]) for row in rows], [str(row["label"]) for row in rows]
    vectors = models.embedder.embed(texts)
    model = getattr(models, role)
    model.classify(texts[:1], vectors[:1])  # fits or reads the head
    start = time.perf_counter()
    said = model.classify(texts, vectors)
    doubts = model.doubts(texts, vectors, said)
    milliseconds = 1000 * (time.perf_counter() - start) / len(texts)
    file = load(files[role])
    examples = models.embedder.embed(file.examples()[0])
    rivals = {"prototype": by_prototype(file, examples, vectors)}
    if role == "sentiment":
        rivals["VADER"] = by_lexicon(texts)
    else:
        rivals["keywords"] = by_keywords(file, texts, REST.get(role, next(iter(file.labels))))
    scores = {name: label_metrics.macro_f1(truth, answers) for name, answers in rivals.items()}
    labels, confidences = [p.label for p in said], np.array([p.confidence for p in said])
    return Labelled(role, truth, labels, confidences, scores, milliseconds, float(np.mean(doubts)))


def role_of(models: ModelSuite, rows: Rows, path: Path) -> str:
    """The role whose taxonomy has most of the file's labels. Raises ProcessFailed where none has any."""
    labels = {str(row["label"]) for row in rows}
    known = {
        "intent": set(models.intent.labels),
        "urgency": set(models.urgency.labels),
        "sentiment": {"POSITIVE", "NEGATIVE", "NEUTRAL"},
    }
    best = max(known, key=lambda role: len(labels & known[role]))
    if not labels & known[best]:
        raise ProcessFailed(f"{path}: no label is known, such as {min(labels)!r}; compare with the label files")
    return best


def evaluate_summaries(models: ModelSuite, rows: Rows) -> dict[str, dict[str, float]]:
    """ROUGE-1, -2 and -L, and the mean number of words: longer summaries find more of a reference.

    Beside ours: as many first words of each text as our summary of it has, its first sentence, and its first two.
    """
    texts, references = [str(row["text"]) for row in rows], [str(row["summary"]) for row in rows]
    ours = models.summarizer.summarize(texts, texts)
    sentences = [content_sentences(text) for text in texts]
    rivals = {
        "ours": ours,
        "lead of our length": [
            text_metrics.lead(text, len(own.split())) for text, own in zip(texts, ours, strict=True)
        ],
        "first sentence": [" ".join(own[:1]) for own in sentences],
        "first two sentences": [" ".join(own[:2]) for own in sentences],
    }
    return {name: _rouge(found, references) for name, found in rivals.items()}


def evaluate_search(models: ModelSuite, rows: Rows) -> dict[str, dict[str, float]]:
    """Hits and MRR of finding a row's duplicates by its vector, and by BM25."""
    places = {str(row["id"]): i for i, row in enumerate(rows)}
    wanted = [{places[str(d)] for d in row["dups"] if str(d) in places} - {i} for i, row in enumerate(rows)]
    if not any(wanted):
        raise ProcessFailed("no row names a duplicate that is in the file")
    texts = [f"{row['subject']}\n{row['body']}" for row in rows]
    vectors = models.embedder.embed(texts)
    rivals = {"ours": vectors @ vectors.T, "BM25": text_metrics.bm25(texts)}
    return {name: _found(text_metrics.ranks(similar, wanted)) for name, similar in rivals.items()}


def _found(ranks: Sequence[float]) -> dict[str, float]:
    hits = {f"hit@{k}": text_metrics.hit_at(ranks, k) for k in (1, 5, 10)}
    return {**hits, "MRR": text_metrics.reciprocal(ranks), "queries": float(len(ranks))}


def _rouge(found: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    pairs = list(zip(found, references, strict=True))
    by_name = {
        "ROUGE-1": [text_metrics.rouge_n(a, b, 1) for a, b in pairs],
        "ROUGE-2": [text_metrics.rouge_n(a, b, 2) for a, b in pairs],
        "ROUGE-L": [text_metrics.rouge_l(a, b) for a, b in pairs],
    }
    lengths = {"words": float(np.mean([len(text.split()) for text in found]))}
    return {name: float(np.mean(values)) for name, values in by_name.items()} | lengths
