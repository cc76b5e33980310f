"""Small models with random weights, of the real architectures and in the hub's own file layout."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SENTENCES = [
    "I cannot log in since the last update, the page reloads and nothing happens.",
    "Please refund the second payment: my card was charged twice this month!",
    "The export of reports is slow, but it works in the end. Thank you.",
    "Our webhook fails with error 500 whenever an order is cancelled.",
]
# What sshleifer/distilbart-cnn-6-6 keeps in its config.json, having no generation_config.json.
DISTILBART_GENERATION = {
    "early_stopping": True,
    "force_bos_token_to_be_generated": True,
    "forced_eos_token_id": 2,
    "length_penalty": 2.0,
    "max_length": 142,
    "min_length": 56,
    "no_repeat_ngram_size": 3,
    "num_beams": 4,
}
_BART_SIDE = {"layers": 2, "attention_heads": 4, "ffn_dim": 64}
_BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def save_distilbert(directory: Path, corpus: Sequence[str] = SENTENCES, **config_changes: Any) -> Path:
    """A DistilBertForSequenceClassification with SST-2's labels and a vocab.txt."""
    import torch
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    labels = {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
    config = DistilBertConfig(
        vocab_size=_save_wordpiece(directory, corpus),
        dim=32,
        n_layers=2,
        n_heads=4,
        hidden_dim=64,
        **(labels | config_changes),
    )
    DistilBertForSequenceClassification(config).save_pretrained(directory)
    _write(directory / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    return directory


def save_bert(directory: Path, corpus: Sequence[str] = SENTENCES, **config_changes: Any) -> Path:
    """A BertModel without pooler and a tokenizer.json, as all-MiniLM-L6-v2 has."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    config = BertConfig(vocab_size=_save_wordpiece(directory, corpus), **(sizes | config_changes))
    BertModel(config, add_pooling_layer=False).save_pretrained(directory)
    BertTokenizer.from_pretrained(directory).save_pretrained(directory)
    return directory


def save_bart(
    directory: Path,
    corpus: Sequence[str] = SENTENCES,
    vocab_size: int = 400,
    init_std: float = 1.0,
    **generation_changes: Any,
) -> Path:
    """A BartForConditionalGeneration with DistilBART's decoding, vocab.json and merges.txt."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = ByteLevelBPETokenizer()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(corpus, vocab_size=vocab_size, special_tokens=specials)
    tokenizer.save_model(str(directory))
    layers: dict[str, Any] = {
        f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in _BART_SIDE.items()
    }
    config = BartConfig(vocab_size=tokenizer.get_vocab_size(), d_model=32, init_std=init_std, **layers)
    BartForConditionalGeneration(config).save_pretrained(directory)
    (directory / "generation_config.json").unlink()
    saved = json.loads((directory / "config.json").read_text())
    _write(directory / "config.json", saved | DISTILBART_GENERATION | generation_changes)
    return directory


def change_weights(directory: Path, **tensors: Any) -> None:
    """Overwrite tensors in a saved model; dots in their names are written as two underscores."""
    from safetensors.torch import load_file, save_file

    path = directory / "model.safetensors"
    state = load_file(path)
    for name, tensor in tensors.items():
        key = name.replace("__", ".")
        assert state[key].shape == tensor.shape
        state[key] = tensor
    save_file(state, path, metadata={"format": "pt"})


def _save_wordpiece(directory: Path, corpus: Sequence[str]) -> int:
    """Save a vocab.txt of the corpus' words and letters, return its size; training one gives another each time."""
    words = sorted({word for text in corpus for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    letters = sorted(set("".join(words)))
    vocabulary = dict.fromkeys([*_BERT_SPECIALS, *letters, *(f"##{letter}" for letter in letters), *words])
    (directory / "vocab.txt").write_text("\n".join(vocabulary))
    return len(vocabulary)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))
