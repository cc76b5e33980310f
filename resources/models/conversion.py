"""From torch to CTranslate2: what `tickets models prepare` writes and a run only reads.

The one module of the engine that needs torch and transformers; imported nowhere else at module level. Knows the three
architectures; where a converted model is kept and how it is checked is in `converted`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from resources.models.converted import FACTS, HEAD, TOKENIZER
from resources.models.pretrained import Pretrained
from resources.models.roles import ModelNotAvailable
from resources.models.torch_embedder import load_bert
from resources.models.torch_sentiment import class_names, load_distilbert
from resources.models.torch_summarizer import load_bart

SEVEN_BITS = 63


class Architecture(NamedTuple):
    """How a kind of model is loaded, turned into CTranslate2's own, and what else of it a run must know."""

    load: Callable[[str], Pretrained]
    specification: Callable[[Pretrained], Any]
    facts: Callable[[Pretrained, Path], dict[str, Any]]


def convert(kind: str, weights: str, compute_type: str, target: Path) -> None:
    """Write the model in the directory `weights` into the empty directory `target`; raises ModelNotAvailable.

    Weights are stored as they are computed with: int8 or int7 by row (Linear and embedding alike), or float32.
    """
    import torch

    architecture = ARCHITECTURES[kind]
    loaded = architecture.load(weights)
    with torch.no_grad():
        specification = architecture.specification(loaded)
        specification.validate()
        quantize(specification, compute_type)
        specification.save(str(target))
        facts = architecture.facts(loaded, target)
    loaded.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))  # also where the source has a vocabulary alone
    positions = loaded.model.config.max_position_embeddings
    (target / FACTS).write_text(json.dumps({"positions": positions, **facts}, indent=2))


def quantize(specification: Any, compute_type: str) -> None:
    """Store each matrix as `compute_type` says.

    int7 is int8 whose weights stay within 63. Where a processor has no VNNI, oneDNN adds pairs of 8 by 8 bit products
    in 16 bits and cuts what is more: a pair with weights of 7 bits never is.
    """
    narrow = {}
    if compute_type == "int7":
        arrays = {name: value.numpy() for name, value in specification.variables().items() if not value.is_scalar()}
        narrow = {name: _narrowed(array) for name, array in arrays.items() if array.ndim > 1}
    specification.optimize(quantization="int8" if narrow else compute_type)
    variables = specification.variables()
    for name, (weights, scale) in narrow.items():
        if f"{name}_scale" in variables:  # a table of positions has none, nor has one that is another's alias
            variables[name].array, variables[f"{name}_scale"].array = weights, scale


def _narrowed(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers within 63, and the factor by row that made them, of a matrix."""
    most = np.abs(weights).max(axis=1)
    scale = (SEVEN_BITS / np.where(most == 0, SEVEN_BITS, most)).astype(np.float32)
    return np.rint(weights * scale[:, None]).astype(np.int8), scale


def _bert(loaded: Pretrained) -> Any:
    from ctranslate2.converters.transformers import BertLoader
    from transformers.models.bert.modeling_bert import BertPooler

    config = loaded.model.config
    config.position_embedding_type = "absolute"  # the loader asks; transformers 5 knows no other and says nothing
    loaded.model.pooler = BertPooler(config)  # the loader wants one, nobody reads its output
    return BertLoader()(loaded.model, loaded.tokenizer)


def _distilbert(loaded: Pretrained) -> Any:
    from ctranslate2.converters.transformers import DistilBertLoader

    return DistilBertLoader()(loaded.model.distilbert, loaded.tokenizer)


def _bart(loaded: Pretrained) -> Any:
    from ctranslate2.converters.transformers import BartLoader

    loaded.model.config.normalize_before = False  # BART's layers normalize after; mBART's config alone has the field
    return BartLoader()(loaded.model, loaded.tokenizer)


def _bert_facts(loaded: Pretrained, _: Path) -> dict[str, Any]:
    return {"dimension": loaded.model.config.hidden_size}


def _distilbert_facts(loaded: Pretrained, target: Path) -> dict[str, Any]:
    """CTranslate2 knows the encoder alone: the head goes into a file of its own."""
    layers = {name: getattr(loaded.model, name) for name in ("pre_classifier", "classifier")}
    arrays = {f"{name}_weight": layer.weight.detach().numpy() for name, layer in layers.items()}
    arrays |= {f"{name}_bias": layer.bias.detach().numpy() for name, layer in layers.items()}
    np.savez(target / HEAD, **arrays)
    return {"labels": class_names(loaded)}


def _bart_facts(loaded: Pretrained, _: Path) -> dict[str, Any]:
    own = loaded.model.generation_config
    if own.early_stopping is not True and (own.num_beams or 1) > 1:
        raise ModelNotAvailable(
            f"{loaded.model.name_or_path} searches with early_stopping={own.early_stopping!r}, and CTranslate2 knows "
            "only true. Set it in its generation_config.json, or use TICKETS_ENGINE=torch."
        )
    spell = loaded.tokenizer.convert_ids_to_tokens
    names = ("num_beams", "no_repeat_ngram_size", "length_penalty", "min_length", "max_length")
    first, end = own.forced_bos_token_id, own.forced_eos_token_id
    marks = {"forced_first": first if first is None else spell(first), "end": spell(own.eos_token_id)}
    return {"generation": {**{name: getattr(own, name) for name in names}, **marks, "end_is_forced": end is not None}}


ARCHITECTURES = {
    "bert": Architecture(load_bert, _bert, _bert_facts),
    "distilbert": Architecture(load_distilbert, _distilbert, _distilbert_facts),
    "bart": Architecture(load_bart, _bart, _bart_facts),
}
