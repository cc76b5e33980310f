"""The ways to run the models that bench/inference.py compares: stages by name, each of texts to answers."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bench.inference_setup import NEW_TOKENS
from resources.models.torch_summarizer import generation_config, load_bart
from resources.models.weights import resolve
from ticket_assets.definitions import build_models
from ticket_assets.settings import Settings

Stage = Callable[[list[str]], Any]


class Way(NamedTuple):
    """`at_once` is how many texts a stage gets; `stages` run in this order."""

    name: str
    at_once: dict[str, int]
    stages: dict[str, Stage]


def one_at_a_time(settings: Settings) -> Way:
    """What a worker does that takes a ticket from a queue and calls Hugging Face's libraries on it, in float32."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import pipeline

    encoder = SentenceTransformer(resolve(settings.embedder, None, "").path, device="cpu")
    encoder.max_seq_length = 256  # the model card's; the package says 128
    sentiment: Any = pipeline("text-classification", model=settings.sentiment_model, device="cpu")
    bart = load_bart(settings.summarizer)
    config = generation_config(bart.model.generation_config, NEW_TOKENS)

    def summary(text: str) -> str:
        inputs = bart.tokenizer(text, truncation=True, max_length=1024, return_tensors="pt")
        with torch.inference_mode():
            return bart.tokenizer.decode(bart.model.generate(**inputs, generation_config=config)[0])

    stages: dict[str, Stage] = {
        "embedder": lambda texts: [encoder.encode(text, normalize_embeddings=True) for text in texts],
        "sentiment": lambda texts: [sentiment(text, truncation=True) for text in texts],
        "summarizer": lambda texts: [summary(text) for text in texts],
    }
    return Way("one at a time", dict.fromkeys(stages, 2), stages)


def engine(settings: Settings, encoded: int, summarized: int) -> Way:
    """The project's roles, as an asset calls them with a batch; prepared and loaded."""
    models = build_models(settings)
    for role in models.roles.values():
        role.prepare(lambda _: None)
    stages: dict[str, Stage] = {
        "embedder": models.embedder.embed,
        "heads": lambda texts: [m.classify(texts, _vectors(texts)) for m in (models.intent, models.urgency)],
        "sentiment": lambda texts: models.sentiment.classify(texts, _vectors(texts)),
        "summarizer": models.summarizer.summarize,
    }
    # A summary of sentences takes the token states that embedding the same texts has left.
    own = encoded if settings.models == "embedded" else summarized
    at_once = {name: own if name == "summarizer" else encoded for name in stages}
    for stage in stages.values():
        stage(["Where is my order? It was to come on Monday. " * 12])  # loads what is loaded once
    return Way(f"{settings.engine}, {settings.models}", at_once, stages)


def _vectors(texts: Sequence[str]) -> np.ndarray:
    """Any unit vectors: a head takes the same time for each."""
    rows = np.random.default_rng(0).standard_normal((len(texts), 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
