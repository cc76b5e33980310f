"""Intent, urgency and sentiment of each ticket, each with the confidence that the model has in it.

A producer's explicit priority wins over the model's urgency, with confidence 1. Intents and their examples are in
`ticket_assets/labels/`: edit the file to change them.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import dagster as dg
import numpy as np

from resources.models.languages import served
from resources.models.roles import Prediction
from resources.models.suite import ModelSuite
from ticket_assets.assets.charts import distribution
from ticket_assets.assets.policy import Stopwatch, mean, ticket_asset
from ticket_assets.domain.classification import SENTIMENTS, URGENCIES, explicit_urgency
from ticket_assets.domain.doubts import reasons
from ticket_assets.domain.isolation import Failed, isolate
from ticket_assets.domain.probes import SHORT
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, RawRow

CHECK = "labels_lie_in_the_taxonomy"
LABELS = ("intent", "urgency", "sentiment")
REMEDY = (
    "A model gave a label that no list of labels names. See what changed in `ticket_assets/labels/` and the models, "
    "mend it, then re-execute this run from the start: its tickets are stored with these labels until then."
)
TENTHS = 10
LOW = 0.5  # a label of which the model is less sure than this is worth a person's look


class Item(NamedTuple):
    """What is known of a ticket's text: its vector, and the language that the producer names."""

    text: str
    vector: np.ndarray
    language: str = "en"


class Labels(NamedTuple):
    """What the three models say of one ticket."""

    intent: Prediction
    urgency: Prediction
    sentiment: Prediction
    doubted: frozenset[str] = frozenset()
    served: bool = True


@ticket_asset(
    kinds={"numpy", "parquet"},
    io_manager_key="rows_io",
    code_version="2",
    dagster_type=list[ClassifiedRow],
    check_specs=[
        dg.AssetCheckSpec(
            CHECK, asset="classified_tickets", description="Every label is one that the label files and contracts name."
        )
    ],
)
def classified_tickets(
    models: ModelSuite, raw_tickets: list[RawRow], embedded_tickets: list[EmbeddedRow]
) -> dg.MaterializeResult:
    watch = Stopwatch()
    rows = classify(models, raw_tickets, embedded_tickets)
    labelled = [row for row in rows if row.failure is None]
    return dg.MaterializeResult(
        value=rows,
        check_results=[_labels_lie_in_the_taxonomy(models, labelled)],
        metadata={
            "tickets": len(rows),
            "failed": len(rows) - len(labelled),
            "milliseconds_per_ticket": watch.per_ticket(len(rows)),
            **{
                f"mean_{name}_confidence": mean([getattr(r, f"{name}_confidence") for r in labelled]) for name in LABELS
            },
            **{
                f"low_confidence_{name}": sum(getattr(r, f"{name}_confidence") < LOW for r in labelled)
                for name in LABELS
            },
            "needs_review": sum(bool(row.needs_review) for row in labelled),
            "critical": sum(row.urgency == "critical" for row in labelled),
            "negative": sum(row.sentiment == "NEGATIVE" for row in labelled),
            "label_counts": dg.MetadataValue.json(
                {name: Counter(getattr(row, name) for row in labelled) for name in LABELS}
            ),
            "confidence_counts": dg.MetadataValue.json(
                {name: confidence_counts([getattr(row, f"{name}_confidence") for row in labelled]) for name in LABELS}
            ),
            "labels": distribution({name: [getattr(row, name) for row in labelled] for name in LABELS}),
        },
    )


def classify(models: ModelSuite, raw: Sequence[RawRow], embedded: Sequence[EmbeddedRow]) -> list[ClassifiedRow]:
    """One row a ticket, in the order of `raw`; a ticket without a vector has no labels but its failure."""
    vectors = {row.ticket_id: np.array(row.embedding, dtype=np.float32) for row in embedded if row.embedding}
    ready = [row for row in raw if row.ticket_id in vectors]
    items = [Item(row.text, vectors[row.ticket_id], row.metadata.language) for row in ready]
    probe = Item(SHORT, models.embedder.embed([SHORT])[0]) if items else Item("", np.empty(0))
    outcomes = isolate(
        lambda batch: infer_labels(models, batch),
        items,
        probe,
        _check_finite,
        same=lambda item: (item.text, item.language),
    )
    labels = {row.ticket_id: outcome for row, outcome in zip(ready, outcomes, strict=True)}
    version = models.version
    return [_row(row, version, labels.get(row.ticket_id, Failed("the ticket has no vector"))) for row in raw]


def infer_labels(models: ModelSuite, items: Sequence[Item]) -> list[Labels]:
    """The models' labels, in order."""
    texts, vectors = [item.text for item in items], np.stack([item.vector for item in items])
    by_model = [model.classify(texts, vectors) for model in (models.intent, models.urgency, models.sentiment)]
    doubts = [getattr(models, name).doubts(texts, vectors, said) for name, said in zip(LABELS, by_model, strict=True)]
    doubted = [
        frozenset(name for name, doubt in zip(LABELS, row, strict=True) if doubt) for row in zip(*doubts, strict=True)
    ]
    ours = served(texts, [item.language for item in items])
    return [Labels(*row) for row in zip(*by_model, doubted, ours, strict=True)]


def confidence_counts(confidences: Sequence[float]) -> list[int]:
    """How many of them lie in each tenth of [0, 1], 1 in the last."""
    counts = Counter(min(int(confidence * TENTHS), TENTHS - 1) for confidence in confidences)
    return [counts[tenth] for tenth in range(TENTHS)]


def _check_finite(labels: Labels) -> None:
    for name in LABELS:
        said: Prediction = getattr(labels, name)
        if not 0 <= said.confidence <= 1:  # false for NaN too
            raise ValueError(f"{name} {said.label} has confidence {said.confidence}, which is no probability")


def _row(raw: RawRow, version: str, outcome: Labels | Failed) -> ClassifiedRow:
    if isinstance(outcome, Failed):
        return ClassifiedRow.of(raw, version, failure=outcome.error)
    explicit = explicit_urgency(raw.priority)
    urgency = Prediction(explicit, 1.0) if explicit else outcome.urgency
    named = {"intent": outcome.intent, "urgency": urgency, "sentiment": outcome.sentiment}
    values = {
        key: value
        for name, said in named.items()
        for key, value in [(name, said.label), (f"{name}_confidence", said.confidence)]
    }
    doubts = reasons(outcome.doubted, served=outcome.served, explicit_urgency=explicit is not None)
    return ClassifiedRow.of(raw, version, **values, needs_review=" ".join(doubts) or None)


def _labels_lie_in_the_taxonomy(models: ModelSuite, rows: list[ClassifiedRow]) -> dg.AssetCheckResult:
    known = {"intent": set(models.intent.labels), "urgency": set(URGENCIES), "sentiment": set(SENTIMENTS)}
    strange = sorted(
        {str(getattr(row, name)) for row in rows for name in LABELS if getattr(row, name) not in known[name]}
    )
    return dg.AssetCheckResult(
        passed=not strange,
        check_name=CHECK,
        description=REMEDY if strange else None,
        metadata={"unknown_labels": strange},
    )
