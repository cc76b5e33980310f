"""What transformers' models share: loading from a directory without the network, and token ids in and out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.models.roles import ModelNotAvailable

if TYPE_CHECKING:
    import torch


class Pretrained(NamedTuple):
    """A model ready for inference and the tokenizer that belongs to it: transformers' own, whose types it hides."""

    model: Any
    tokenizer: Any

    def token_ids(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        """Token ids of each text with the model's special tokens, cut at `limit` or what the model can read."""
        return self.encoded(texts, limit)["input_ids"]

    def encoded(self, texts: Sequence[str], limit: int) -> dict[str, Any]:
        """`input_ids` as `token_ids` gives them, and `offset_mapping`, the characters of each token."""
        if not texts:  # which the tokenizer would take for a mistake
            return {"input_ids": [], "offset_mapping": []}
        limit = min(limit, self.model.config.max_position_embeddings)
        return self.tokenizer(list(texts), truncation=True, max_length=limit, return_offsets_mapping=True)

    def padded(self, batch: Sequence[Sequence[int]]) -> "dict[str, torch.Tensor]":
        """`input_ids` and `attention_mask`, both (texts, tokens of the longest)."""
        return dict(self.tokenizer.pad({"input_ids": batch}, return_tensors="pt"))


def load(model_class: Any, tokenizer_class: Any, path: str, **options: Any) -> Pretrained:
    """Read float32 weights and vocabulary in the directory `path`; ModelNotAvailable where they do not fit.

    `options` are the model class's own.
    """
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # a run's log is no terminal
    logging.set_verbosity_error()  # its report of surplus weights; what is missing is checked below
    try:
        model, report = model_class.from_pretrained(
            path, local_files_only=True, dtype=torch.float32, output_loading_info=True, **options
        )
        tokenizer = tokenizer_class.from_pretrained(path, local_files_only=True)
    except Exception as error:  # OSError, ValueError, RuntimeError, safetensors' own: whatever a bad file leads to
        raise ModelNotAvailable(f"{path} is not a {model_class.__name__}: {error}") from error
    missing = sorted(report["missing_keys"])
    if missing:  # transformers fills them with random numbers and carries on
        some = ", ".join(missing[:3])
        raise ModelNotAvailable(
            f"{path} is not a {model_class.__name__}: it lacks {len(missing)} weights, such as {some}"
        )
    return Pretrained(model.eval(), tokenizer)
