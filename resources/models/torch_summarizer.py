"""The reference summarizer: DistilBART in float32 on torch, decoded as its own generation config says.

transformers 5 has no summarization pipeline; `generate` is what it called.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from resources.models.bart_summarizer import MAX_TOKENS, BartSummarizer, readable, shortest
from resources.models.batching import in_batches
from resources.models.pretrained import Pretrained, load


class TorchSummarizer(BartSummarizer):
    """BartForConditionalGeneration on torch."""

    def summarize(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[str]:  # noqa: ARG002
        """Return one summary a text, in order.

        Raises ModelNotAvailable without weights, and ValueError, naming its place, where nothing but special tokens
        is generated for a text.
        """
        weights = self.weights()
        loaded = _load(weights.path, weights.version)
        token_ids = loaded.token_ids(texts, MAX_TOKENS) if texts else []
        config = generation_config(loaded.model.generation_config, self.max_new_tokens)

        def run(batch: list[list[int]]) -> list[str]:
            return _generate(loaded, batch, config)

        return readable(in_batches(token_ids, self.batch_size, run, pairs=self.batch_pairs))


def generation_config(own: Any, max_new_tokens: int) -> Any:
    """The model's own config with another length, and renormalized; the model's is left as it was.

    transformers takes the probability of what the rules forbid (the end mark before the least length, a repeated
    3-gram) away without giving it to the rest, so that a beam pays for each. It recommends `renormalize_logits`
    itself, "as the search algorithms suppose the score logits are normalized"; CTranslate2 knows no other way.
    """
    config = deepcopy(own)
    least = shortest(own.min_length, own.max_length, max_new_tokens)
    config.update(max_length=max_new_tokens + 1, min_length=least)  # one more: the decoder's start token counts
    config.update(renormalize_logits=True)
    return config


def load_bart(path: str) -> Pretrained:
    """The model in the directory `path`; raises ModelNotAvailable."""
    from transformers.models.bart.modeling_bart import BartForConditionalGeneration
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer  # BART's is the same

    return load(BartForConditionalGeneration, RobertaTokenizer, path)


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    return load_bart(path)


def _generate(loaded: Pretrained, batch: list[list[int]], config: Any) -> list[str]:
    import torch

    with torch.inference_mode():
        output = loaded.model.generate(**loaded.padded(batch), generation_config=config)
    return loaded.tokenizer.batch_decode(output, skip_special_tokens=True, clean_up_tokenization_spaces=False)
