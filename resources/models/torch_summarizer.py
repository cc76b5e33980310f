"""The reference summarizer: DistilBART in float32 on torch, decoded as its own generation config says.

transformers 5 has no summarization pipeline; `generate` is what it called.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from resources.models.batching import in_batches
from resources.models.pretrained import Pretrained, load
from resources.models.roles import Summarizer
from resources.models.weights import resolve

MAX_TOKENS = 1024  # what BART's positions reach
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([.,!?;:])")


class TorchSummarizer(Summarizer):
    """A BART with beam search."""

    source: str = Field(
        default="sshleifer/distilbart-cnn-6-6",
        description="A hub id or a directory with a BartForConditionalGeneration.",
    )
    revision: str | None = Field(default=None, description="The hub model's commit, tag or branch.")
    cache_dir: str = Field(default="~/.cache/huggingface/hub", description="Where hub models are kept.")
    batch_size: int = Field(default=16, gt=0, description="Texts decoded together, each with all its beams.")
    max_new_tokens: int = Field(default=48, gt=1, description="Length of a summary in tokens, the end mark included.")

    @property
    def version(self) -> str:
        """The weights' name and revision, and the length."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        return f"{Path(self.source).name}@{weights.version}:{self.max_new_tokens}"

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """Return one summary a text, in order.

        Raises ModelNotAvailable without weights, and ValueError, quoting the text, where nothing but special tokens
        is generated for it.
        """
        weights = resolve(self.source, self.revision, self.cache_dir)
        loaded = _load(weights.path, weights.version)
        token_ids = loaded.token_ids(texts, MAX_TOKENS) if texts else []
        lengths = [len(ids) for ids in token_ids]
        config = generation_config(loaded.model.generation_config, self.max_new_tokens)
        summaries = in_batches(token_ids, lengths, self.batch_size, lambda batch: _generate(loaded, batch, config))
        for index, summary in enumerate(summaries):
            if not summary:
                raise ValueError(f"text {index} was given an empty summary")
        return summaries


def generation_config(own: Any, max_new_tokens: int) -> Any:
    """The model's own config with another length; the model's is left as it was.

    Its `min_length` (56 for DistilBART) forbids the end mark until then: where that is no less than
    `max_new_tokens`, every summary would be cut within a sentence, so it shrinks in proportion (56 of 142: 18 of 48).
    """
    config = deepcopy(own)
    shortest = own.min_length or 0
    if shortest >= max_new_tokens:
        shortest = shortest * max_new_tokens // max(own.max_length or shortest, shortest + 1)
    config.update(max_length=max_new_tokens + 1, min_length=shortest)  # one more: the decoder's start token counts
    return config


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    from transformers.models.bart.modeling_bart import BartForConditionalGeneration
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer  # BART's is the same

    return load(BartForConditionalGeneration, RobertaTokenizer, path)


def _generate(loaded: Pretrained, batch: list[list[int]], config: Any) -> list[str]:
    import torch

    with torch.inference_mode():
        output = loaded.model.generate(**loaded.padded(batch), generation_config=config)
    decoded = loaded.tokenizer.batch_decode(output, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return [tidy(text) for text in decoded]


def tidy(text: str) -> str:
    """Mend the spacing of CNN/DailyMail's tokenized text (" ."), on which DistilBART was trained."""
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", text).strip()
