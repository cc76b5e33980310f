"""The hub's protocol, as far as weights.resolve uses it, served from a directory by a few lines of http.server."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import close_session, constants
from safetensors.numpy import save_file

from resources.models import weights
from resources.models.errors import ModelNotAvailable
from resources.models.weights import resolve

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[4]


def _etag(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@contextmanager
def _hub(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the files in `directory` as model owner/name; yields the address and the list of files fetched."""
    fetched: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep quiet."""

        def _answer(self, *, with_body: bool) -> None:
            files = list(directory.iterdir())
            if "/tree/" in self.path:
                body = json.dumps(
                    [
                        {
                            "type": "file",
                            "path": file.name,
                            "size": file.stat().st_size,
                            "oid": _etag(file.read_bytes()),
                        }
                        for file in files
                    ]
                ).encode()
            elif self.path.startswith("/api/"):
                siblings = [{"rfilename": file.name} for file in files]
                body = json.dumps({"id": "owner/name", "sha": COMMIT, "siblings": siblings}).encode()
            else:
                name = self.path.split("?")[0].rsplit("/", 1)[1]
                body = (directory / name).read_bytes()
                if with_body:
                    fetched.append(name)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{_etag(body)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", fetched
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def resolve_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Path], str]]:
    """What is resolved with a hub at an address, or why not; huggingface_hub read its own when it was imported."""

    def resolved(endpoint: str, cache: Path) -> str:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        try:
            return " ".join(resolve("owner/name", None, str(cache)))
        except ModelNotAvailable as error:
            return str(error)

    for name, value in (("HF_HUB_OFFLINE", False), ("HF_HUB_DISABLE_XET", True)):
        monkeypatch.setattr(constants, name, value)
    yield resolved
    close_session()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Files that are a whole model to those who look at names, sizes and headers; nothing loads them."""
    path = tmp_path / "served"
    path.mkdir()
    save_file({"weight": np.zeros(4, np.float32)}, path / "model.safetensors")
    for name in ("config.json", "tokenizer_config.json", "vocab.txt"):
        (path / name).write_text(json.dumps({"file": name}))  # the cache keeps equal files once
    for name in ("pytorch_model.bin", "model.onnx", "README.md"):
        (path / name).write_text("not needed")
    return path


def test_a_model_is_downloaded_once_without_the_files_it_does_not_need(model: Path, tmp_path: Path):
    """By fresh processes, whose environment names the hub."""
    code = f"from resources.models.weights import resolve; print(*resolve('owner/name', None, {str(tmp_path)!r}))"
    command = [sys.executable, "-c", code]
    with _hub(model) as (endpoint, fetched):
        own = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
        first = subprocess.run(command, env=own, cwd=ROOT, text=True, capture_output=True, check=True, timeout=60)
        downloaded = sorted(fetched)
        second = subprocess.run(command, env=own, cwd=ROOT, text=True, capture_output=True, check=True, timeout=60)

    assert first.stdout.split()[1] == COMMIT[:8]
    assert downloaded == ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]
    assert (second.stdout, sorted(fetched)) == (first.stdout, downloaded)


def test_pickled_weights_are_downloaded_where_there_are_no_others(resolve_at, model: Path, tmp_path: Path):
    (model / "model.safetensors").unlink()

    with _hub(model) as (endpoint, fetched):
        path, _ = resolve_at(endpoint, tmp_path / "cache").split()

    assert (Path(path) / "pytorch_model.bin").exists()
    assert "pytorch_model.bin" in fetched


def test_a_download_that_was_interrupted_is_completed(resolve_at, model: Path, tmp_path: Path):
    with _hub(model) as (endpoint, _):
        path = Path(resolve_at(endpoint, tmp_path / "cache").split()[0])
        (path / "model.safetensors").unlink()
        again = resolve_at(endpoint, tmp_path / "cache")

    assert again.split()[0] == str(path)
    assert (path / "model.safetensors").exists()


def test_a_hub_that_never_answers_is_given_up(resolve_at, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(weights, "_ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = resolve_at(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)

    assert "tickets models prepare" in error
    assert "owner/name" in error
    assert "timed out" in error


def test_without_a_route_to_the_hub_the_error_names_it_and_the_remedy(resolve_at, tmp_path: Path):
    error = resolve_at("http://127.0.0.1:9", tmp_path)

    for part in ("owner/name", str(tmp_path), "http://127.0.0.1:9", "tickets models prepare"):
        assert part in error
