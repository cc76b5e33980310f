"""A BERT sentence encoder in plain torch: weights and tensors, no tokenizer, no download.

Why not `transformers.BertModel`: importing it takes 2.8 s of the 4 s that a fresh process needs to load MiniLM, and
every run is a fresh process. A test holds this one to BertModel's numbers.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from resources.models.roles import ModelNotAvailable

if TYPE_CHECKING:
    import torch


class BertEncoder:
    """BERT (Devlin et al. 2019), mean pooling and normalisation (Reimers & Gurevych 2019), as MiniLM's config says."""

    def __init__(self, path: str) -> None:
        """Read `config.json` and the weights in the directory `path`; ModelNotAvailable if they are not a BERT's."""
        config = json.loads((Path(path) / "config.json").read_text())
        if (config.get("model_type"), config.get("hidden_act")) != ("bert", "gelu"):
            raise ModelNotAvailable(
                f"{path} holds a {config.get('model_type')!r} model ({config.get('hidden_act')}); a BERT is needed"
            )
        self.dimension: int = config["hidden_size"]
        self.pad_id: int = config.get("pad_token_id", 0)
        self.max_positions: int = config["max_position_embeddings"]
        self._layers: int = config["num_hidden_layers"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self._state = _read_state(path)
        try:
            self._join_projections()
        except KeyError as missing:
            raise ModelNotAvailable(f"the weights in {path} lack {missing}, which a BERT has") from missing

    def encode(self, ids: "torch.Tensor", present: "torch.Tensor") -> "torch.Tensor":
        """Embed token ids, int64 (texts, tokens), to float32 (texts, dimension), each row of length 1.

        `present`, bool of the same shape, is True at tokens and False at padding.
        """
        import torch

        with torch.inference_mode():
            hidden = self._norm("embeddings.LayerNorm", self._words[ids] + self._positions[: ids.shape[1]])
            mask = None if bool(present.all()) else present[:, None, None, :]
            for layer in range(self._layers):
                hidden = self._transform(f"encoder.layer.{layer}", hidden, mask)
            weights = present.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
            return torch.nn.functional.normalize(mean, dim=1)

    def _transform(self, layer: str, hidden: "torch.Tensor", mask: "torch.Tensor | None") -> "torch.Tensor":
        from torch.nn.functional import gelu, scaled_dot_product_attention

        texts, tokens, _ = hidden.shape
        joined = self._linear(f"{layer}.attention.self", hidden).view(texts, tokens, 3, self._heads, -1)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        attended = self._linear(f"{layer}.attention.output.dense", attended)
        hidden = self._norm(f"{layer}.attention.output.LayerNorm", hidden + attended)
        widened = gelu(self._linear(f"{layer}.intermediate.dense", hidden))
        return self._norm(f"{layer}.output.LayerNorm", hidden + self._linear(f"{layer}.output.dense", widened))

    def _linear(self, name: str, inputs: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import linear

        return linear(inputs, self._state[f"{name}.weight"], self._state[f"{name}.bias"])

    def _norm(self, name: str, inputs: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import layer_norm

        weight, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        return layer_norm(inputs, (self.dimension,), weight, bias, self._epsilon)

    def _join_projections(self) -> None:
        """One matrix product for query, key and value is quicker than three; KeyError where a weight is missing."""
        import torch

        self._words = self._state["embeddings.word_embeddings.weight"]
        # A single text is all of type 0, so the type's vector is the same at every position.
        types = self._state["embeddings.token_type_embeddings.weight"][0]
        self._positions = self._state["embeddings.position_embeddings.weight"] + types
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}.attention.self"
            for kind in ("weight", "bias"):
                parts = [self._state.pop(f"{name}.{part}.{kind}") for part in ("query", "key", "value")]
                self._state[f"{name}.{kind}"] = torch.cat(parts)


def _read_state(path: str) -> "dict[str, torch.Tensor]":
    weights = Path(path) / "model.safetensors"
    if weights.exists():
        from safetensors.torch import load_file

        return load_file(weights)
    import torch

    return torch.load(Path(path) / "pytorch_model.bin", map_location="cpu", weights_only=True)
