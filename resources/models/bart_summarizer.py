"""The role of DistilBART as every engine plays it: its fields, a summary's least length, and the text it becomes."""

import re
from collections.abc import Sequence

from pydantic import Field

from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import Summarizer

MAX_TOKENS = 1024  # what BART's positions reach
DECODING = 2  # raise where the engines come to decode otherwise: old summaries are then outdated
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([.,!?;:])")


class BartSummarizer(PretrainedRole, Summarizer):
    """A BART with beam search."""

    source: str = Field(
        default="sshleifer/distilbart-cnn-6-6",
        description="A hub id or a directory with a BartForConditionalGeneration.",
    )
    max_new_tokens: int = Field(default=48, gt=1, description="Length of a summary in tokens, the end mark included.")
    batch_size: int = Field(default=16, gt=0, description="Texts decoded together, each with all its beams.")
    batch_pairs: int = Field(
        default=2 * MAX_TOKENS**2,
        gt=0,
        description="Pairs of tokens that a batch's texts have, padded: 16 texts of 362 tokens, or two of 1,024.",
    )

    @property
    def setting(self) -> str:
        """The length and the way of decoding."""
        return f"{self.max_new_tokens}.{DECODING}"


def shortest(own_least: int | None, own_most: int | None, max_new_tokens: int) -> int:
    """The least length of a summary in tokens, the decoder's start token included, where the most is another.

    A model's own `min_length` (56 for DistilBART) forbids the end mark until then: where that is no less than
    `max_new_tokens`, every summary would be cut within a sentence, so it shrinks in proportion (56 of 142: 18 of 48).
    """
    least = own_least or 0
    if least < max_new_tokens:
        return least
    return least * max_new_tokens // max(own_most or least, least + 1)


def readable(decoded: Sequence[str]) -> list[str]:
    """Tidy summaries; raises ValueError, naming its place, for one that is empty."""
    summaries = [tidy(text) for text in decoded]
    for index, summary in enumerate(summaries):
        if not summary:
            raise ValueError(f"text {index} was given an empty summary")
    return summaries


def tidy(text: str) -> str:
    """Mend the spacing of CNN/DailyMail's tokenized text (" ."), on which DistilBART was trained."""
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", text).strip()
