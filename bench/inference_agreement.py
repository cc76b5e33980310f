"""How far CTranslate2 in int8 is from the reference engine in float32 on the same weights and texts.

MiniLM's weights are real. DistilBERT's and DistilBART's are random: their errors are shown beside the spread of the
reference's own answers, and their decisions, being near-ties, agree less than those of trained models do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from resources.models.bart_summarizer import MAX_TOKENS
from resources.models.beam_search import search_of
from resources.models.ctranslate2_summarizer import decode
from resources.models.example_classifier import ExampleClassifier
from resources.models.pretrained import Pretrained
from resources.models.suite import ModelSuite
from resources.models.torch_summarizer import generation_config, load_bart


def agreement(ours: ModelSuite, reference: ModelSuite, texts: Sequence[str], few: Sequence[str]) -> dict[str, Any]:
    """Figures by stage; `few` are the texts whose summaries are compared."""
    vectors, exact = ours.embedder.embed(texts), reference.embedder.embed(texts)
    cosines = (vectors * exact).sum(axis=1)
    found: dict[str, Any] = {"embedding cosine": {"mean": float(cosines.mean()), "least": float(cosines.min())}}
    for name in ("intent", "urgency"):
        pair = [(getattr(ours, name), vectors), (getattr(reference, name), exact)]
        found[f"{name} head"] = _heads(*(_probabilities(classifier, rows) for classifier, rows in pair))
    found["sentiment"] = _sentiment(ours, reference, texts)
    found["summary"] = _summaries(ours.summarizer, reference.summarizer.source, few)
    return found


def _probabilities(classifier: ExampleClassifier, vectors: np.ndarray) -> np.ndarray:
    return classifier.head().regression.probabilities(vectors)


def _heads(ours: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    return {
        "probability difference, most": float(np.abs(ours - exact).max()),
        "logit correlation": float(np.corrcoef(np.log(ours).ravel(), np.log(exact).ravel())[0, 1]),
        "same label": float((ours.argmax(axis=1) == exact.argmax(axis=1)).mean()),
    }


def _sentiment(ours: ModelSuite, reference: ModelSuite, texts: Sequence[str]) -> dict[str, float]:
    none = np.empty((0, 384), dtype=np.float32)
    said, exact = (suite.sentiment.classify(texts, none) for suite in (ours, reference))
    positive, wanted = (_positive(suite.sentiment, texts) for suite in (ours, reference))
    return {
        "probability difference, most": float(np.abs(positive - wanted).max()),
        "probability difference, mean": float(np.abs(positive - wanted).mean()),
        "spread of the reference": float(wanted.std()),
        "same label": float(np.mean([a.label == b.label for a, b in zip(said, exact, strict=True)])),
    }


def _positive(sentiment: Any, texts: Sequence[str]) -> np.ndarray:
    """The probability of POSITIVE: without a margin nothing is NEUTRAL, and a confidence is a probability."""
    two_classes = sentiment.model_copy(update={"neutral_margin": 0.0})
    answers = two_classes.classify(texts, np.empty((0, 384), dtype=np.float32))
    return np.array([one.confidence if one.label == "POSITIVE" else 1 - one.confidence for one in answers])


def _summaries(ours: Any, source: str, texts: Sequence[str]) -> dict[str, float]:
    """The tokens of both, and the log-probability that each gives to those which the reference writes."""
    import torch

    bart, loaded = load_bart(source), ours.loaded()
    inputs = bart.token_ids(texts, MAX_TOKENS)
    config = generation_config(bart.model.generation_config, ours.max_new_tokens)
    with torch.inference_mode():
        written = bart.model.generate(**bart.padded(inputs), generation_config=config)
        rows = [(torch.tensor([ids]), row[None]) for ids, row in zip(inputs, written, strict=True)]
        exact = [_log_probabilities(bart, ids, row) for ids, row in rows]
    sources = [encoding.tokens for encoding in loaded.encoded(texts, MAX_TOKENS)]
    targets = [bart.tokenizer.convert_ids_to_tokens(row[1:-1]) for row in written.tolist()]
    scores = loaded.model.score_batch(sources, targets)
    errors = [np.array(score.log_probs[: len(row)]) - row for score, row in zip(scores, exact, strict=True)]
    said = decode(loaded, sources, search_of(loaded.facts["generation"], ours.max_new_tokens))
    same = [a == b for h, target in zip(said, targets, strict=True) for a, b in zip(h.tokens, target, strict=False)]
    return {
        "same token at the same place": float(np.mean(same)),
        "log-probability difference, mean": float(np.abs(np.concatenate(errors)).mean()),
        "spread of the reference": float(np.concatenate(exact).std()),
    }


def _log_probabilities(bart: Pretrained, ids: Any, row: Any) -> np.ndarray:
    """Of each token that follows the start token, but for the forced end mark."""
    logits = bart.model(input_ids=ids, decoder_input_ids=row[:, :-2]).logits.log_softmax(-1)
    return logits[0].gather(1, row[0, 1:-1, None])[:, 0].numpy()
