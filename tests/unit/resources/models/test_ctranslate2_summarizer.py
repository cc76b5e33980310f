"""The summarizer on CTranslate2 against `generate` of the reference engine, token by token, on a trained model."""

import json
import pkgutil
import shutil
from pathlib import Path
from typing import Any

import pytest

from resources.models.bart_summarizer import MAX_TOKENS
from resources.models.beam_search import search_of
from resources.models.ctranslate2_summarizer import CTranslate2Summarizer, decode
from resources.models.roles import ModelNotAvailable
from resources.models.torch_summarizer import TorchSummarizer, generation_config, load_bart
from tests.unit.resources.models.engines import prepared, token_ids
from tests.unit.resources.models.trained_models import ODD, texts, train_bart

PAD, END = 1, 2
TEXTS = [*texts(40, seed=9), *(text for text in ODD if text)]
BATCH = 16
# What a summary may hold in tokens, and what the model's own config says otherwise.
DECODINGS: list[tuple[int, dict[str, Any]]] = [
    (48, {}),
    (24, {}),
    (12, {}),
    (48, {"min_length": 24}),
    (30, {"min_length": 0, "length_penalty": 0.5}),
    (24, {"num_beams": 2, "min_length": 5}),
    (24, {"min_length": 3, "length_penalty": 1.0, "num_beams": 6}),
    (26, {"min_length": 0, "no_repeat_ngram_size": 0, "length_penalty": -1.0}),
    (26, {"forced_eos_token_id": None, "min_length": 4}),
]


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_bart(tmp_path_factory.mktemp("summarizer") / "bart")


@pytest.fixture(scope="module")
def exact(bart: Path) -> CTranslate2Summarizer:
    return prepared(CTranslate2Summarizer, bart, bart.parent)


def decoding_as(bart: Path, place: Path, **changes: Any) -> Path:
    """The same weights with another decoding."""
    copy = shutil.copytree(bart, place / "bart")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | changes))
    return copy


def generated(source: Path, most: int) -> list[list[int]]:
    """The reference engine's tokens, without the start token and what pads them."""
    import torch

    loaded = load_bart(str(source))
    ids = loaded.token_ids(TEXTS, MAX_TOKENS)
    config = generation_config(loaded.model.generation_config, most)
    rows: list[list[int]] = []
    for start in range(0, len(ids), BATCH):
        with torch.inference_mode():
            rows += loaded.model.generate(
                **loaded.padded(ids[start : start + BATCH]), generation_config=config
            ).tolist()
    return [[token for token in row[1:] if token != PAD] for row in rows]


def decoded(role: CTranslate2Summarizer) -> list[list[int]]:
    loaded = role.loaded()
    search = search_of(loaded.facts["generation"], role.max_new_tokens)
    sources = [encoding.tokens for encoding in loaded.encoded(TEXTS, MAX_TOKENS)]
    return [[loaded.tokenizer.token_to_id(token) for token in h.tokens] for h in decode(loaded, sources, search)]


@pytest.mark.parametrize(("most", "changes"), DECODINGS, ids=str)
def test_in_float32_the_tokens_are_those_of_the_reference_engine(bart, tmp_path, most, changes):
    source = decoding_as(bart, tmp_path, **changes)
    role = prepared(CTranslate2Summarizer, source, tmp_path, max_new_tokens=most)

    assert decoded(role) == generated(source, most)


def test_these_decodings_meet_every_rule(bart, exact):
    """Without texts that are cut, that end early and that a rule turns aside, the comparison would show little."""
    short, long = (decoded(exact.model_copy(update={"max_new_tokens": most})) for most in (24, 48))

    cut = [row for row in short if len(row) == 24]
    assert 5 < len(cut) < len(TEXTS)
    assert all(row[0] == 0 and row[-1] == END for row in (*short, *long))
    assert len({len(row) for row in long}) > 3
    assert len({tuple(row) for row in long}) > len(TEXTS) / 2
    assert not any(has_twice(row, 3) for row in (*short, *long))


def has_twice(row: list[int], size: int) -> bool:
    grams = [tuple(row[start : start + size]) for start in range(len(row) - size + 1)]
    return len(set(grams)) < len(grams)


def test_in_float32_the_summaries_are_those_of_the_reference_engine_however_they_are_batched(bart, exact, monkeypatch):
    reference = TorchSummarizer(source=str(bart)).summarize(TEXTS)

    assert exact.summarize(TEXTS) == reference
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # two batches at a time
    assert exact.loaded().workers == 2
    assert exact.model_copy(update={"batch_size": 3}).summarize(TEXTS) == reference
    assert len(set(reference)) > len(TEXTS) / 2


@pytest.mark.parametrize("step", ["ctranslate2_summarizer.decode", "torch_summarizer._generate"])
def test_long_texts_are_decoded_few_at_a_time_since_each_takes_memory(bart, exact, monkeypatch, step):
    model = exact if step.startswith("ctranslate2") else TorchSummarizer(source=str(bart))
    together = model.summarize(TEXTS)
    pairs: list[int] = []

    def seen(loaded: Any, batch: list[list[Any]], search: Any) -> Any:
        pairs.append(len(batch) * max(map(len, batch)) ** 2 if len(batch) > 1 else 0)
        return decoding(loaded, batch, search)

    decoding = pkgutil.resolve_name(f"resources.models.{step}")
    monkeypatch.setattr(f"resources.models.{step}", seen)
    assert model.model_copy(update={"batch_pairs": 2_000}).summarize(TEXTS) == together
    assert 1_000 < max(pairs) <= 2_000


@pytest.mark.parametrize("limit", [10, MAX_TOKENS])
def test_both_engines_read_the_same_tokens(bart, exact, limit):
    long = [*TEXTS, "", " ".join(TEXTS * 3)]
    ids = token_ids(exact, long, limit)

    assert ids == load_bart(str(bart)).token_ids(long, limit)
    assert len(ids[-1]) == limit


def test_a_text_longer_than_the_model_reads_is_cut(exact):
    assert exact.summarize([" ".join(TEXTS * 20)])[0]


def test_a_text_without_a_token_is_an_error_that_names_its_place(exact):
    with pytest.raises(ValueError, match="^text 1 was given an empty summary$"):
        exact.summarize([TEXTS[0], ""])


def test_no_texts_give_no_summaries(exact):
    assert exact.summarize([]) == []


def test_int7_says_nearly_the_same_on_every_processor(bart, exact):
    role = prepared(CTranslate2Summarizer, bart, bart.parent, compute_type="int7")
    pairs = [pair for rows in zip(decoded(role), decoded(exact), strict=True) for pair in zip(*rows, strict=False)]

    assert sum(ours == exactly for ours, exactly in pairs) > 0.8 * len(pairs)


def test_a_search_that_ctranslate2_does_not_know_is_refused_when_the_model_is_prepared(bart, tmp_path):
    source = decoding_as(bart, tmp_path, early_stopping=False)

    with pytest.raises(ModelNotAvailable, match=r"early_stopping=False.*TICKETS_ENGINE=torch"):
        prepared(CTranslate2Summarizer, source, tmp_path)


def test_the_version_tells_length_engine_and_compute_type(bart):
    source = str(bart)
    roles = [
        TorchSummarizer(source=source),
        CTranslate2Summarizer(source=source),
        CTranslate2Summarizer(source=source, compute_type="float32"),
        CTranslate2Summarizer(source=source, max_new_tokens=60),
    ]

    assert len({role.version for role in roles}) == len(roles)
    assert roles[1].version.endswith(":ctranslate2:int7")
