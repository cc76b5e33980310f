import numpy as np
import pytest

from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.query_embedder import QueryEmbedder
from resources.models.roles import ModelNotAvailable
from ticket_assets.settings import Settings

SOURCE = Settings().embedder
TEXTS = ["Cannot log in", "", "word " * 3_000, "Größe 漢字 🙂"]


def test_it_is_the_embedder_that_made_the_stored_vectors(prepared_models):
    cache = str(Settings().model_cache_dir)
    role, query = CTranslate2Embedder(source=SOURCE, cache_dir=cache), QueryEmbedder(SOURCE, cache)

    assert query.version == role.version
    for text in TEXTS:
        np.testing.assert_allclose(query.embed(text), role.embed([text])[0], atol=1e-6)


def test_a_model_that_is_not_converted_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ModelNotAvailable, match="tickets models prepare"):
        QueryEmbedder(SOURCE, str(tmp_path)).embed("x")
