"""The role of DistilBERT SST-2 as every engine plays it.

The model knows two classes; `predict`, a pure function, finds the third between them.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from pydantic import Field

from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import Prediction, SentimentModel

MAX_TOKENS = 512  # what DistilBERT's positions reach


class DistilBertSentiment(PretrainedRole, SentimentModel):
    """A two-class DistilBERT with NEUTRAL where its classes are close."""

    source: str = Field(
        default="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        description="A hub id or a directory with a DistilBertForSequenceClassification.",
    )
    neutral_margin: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="NEUTRAL where the two classes' probabilities differ by less: 0.5 is 75 % against 25 %.",
    )

    @property
    def setting(self) -> str:
        """The margin."""
        return f"{self.neutral_margin:g}"

    def predictions(self, classes: Sequence[str], rows: Iterable[np.ndarray]) -> list[Prediction]:
        """One label for each row of probabilities, which are in the order of `classes`."""
        names = [name.upper() for name in classes]
        return [predict(dict(zip(names, row.tolist(), strict=True)), self.neutral_margin) for row in rows]


def predict(probabilities: Mapping[str, float], neutral_margin: float) -> Prediction:
    """The label for the probabilities of POSITIVE and NEGATIVE, which sum to 1.

    Their difference d is compared, not the higher one, which is never under 0.5. NEUTRAL's confidence is
    1 - d / (2 margin): 1 where neither class is ahead, 0.5 at the margin, where it is as likely as not. It is a
    scale of closeness, not a probability: the model has seen no neutral example.
    """
    label, other = sorted(("NEGATIVE", "POSITIVE"), key=lambda name: -probabilities[name])
    difference = probabilities[label] - probabilities[other]
    if difference < neutral_margin:
        return Prediction("NEUTRAL", 1 - difference / (2 * neutral_margin))
    return Prediction(label, min(probabilities[label], 1.0))
