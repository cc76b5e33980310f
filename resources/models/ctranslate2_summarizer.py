"""Summaries by DistilBART on CTranslate2, decoded as the model's own generation config says."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from resources.models.bart_summarizer import MAX_TOKENS, BartSummarizer, readable
from resources.models.batching import in_batches
from resources.models.beam_search import Hypothesis, Search, search_of
from resources.models.ctranslate2_role import COMPUTE_TYPES, ComputeType, CTranslate2Role
from resources.models.loaded import Loaded


class CTranslate2Summarizer(BartSummarizer, CTranslate2Role):
    """A converted BartForConditionalGeneration."""

    KIND: ClassVar[str] = "bart"
    ENGINE: ClassVar[str] = "Translator"

    compute_type: ComputeType = Field(default="int7", description=COMPUTE_TYPES)

    def summarize(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[str]:  # noqa: ARG002
        """Return one summary a text, in order.

        Raises ModelNotAvailable if not prepared, and ValueError, naming its place, where nothing but special tokens
        is generated for a text.
        """
        loaded = self.loaded()
        sources = [encoding.tokens for encoding in loaded.encoded(texts, MAX_TOKENS)]
        search = search_of(loaded.facts["generation"], self.max_new_tokens)

        def run(batch: list[list[str]]) -> list[Hypothesis]:
            return decode(loaded, batch, search)

        best = in_batches(sources, self.batch_size, run, loaded.workers, self.batch_pairs)
        ids = [[loaded.tokenizer.token_to_id(token) for token in hypothesis.tokens] for hypothesis in best]
        return readable([loaded.tokenizer.decode(row, skip_special_tokens=True) for row in ids])


def decode(loaded: Loaded, batch: list[list[str]], search: Search) -> list[Hypothesis]:
    """The generated tokens of each text, in order."""
    chosen = [search.choose(hypotheses) for hypotheses in _translate(loaded, batch, search)]
    doubtful = [index for index, (_, sure) in enumerate(chosen) if not sure]
    best = [hypothesis for hypothesis, _ in chosen]
    again = _translate(loaded, [batch[index] for index in doubtful], search, to_the_end=True) if doubtful else []
    for index, hypotheses in zip(doubtful, again, strict=True):
        best[index] = search.settle(best[index], hypotheses)
    return best


def _translate(
    loaded: Loaded, batch: list[list[str]], search: Search, *, to_the_end: bool = False
) -> list[list[Hypothesis]]:
    found = loaded.model.translate_batch(
        batch, target_prefix=[search.prefix] * len(batch), **search.options(to_the_end=to_the_end)
    )
    return [[Hypothesis(*pair) for pair in zip(text.hypotheses, text.scores, strict=True)] for text in found]
