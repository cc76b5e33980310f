"""The hub's protocol, as far as weights.resolve uses it, served from a directory by a few lines of http.server."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.resources.models.random_models import save_distilbert

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


def _resolve(endpoint: str, cache: Path) -> str:
    """What a fresh process resolves: huggingface_hub reads its endpoint when it is imported."""
    code = (
        "from resources.models.weights import resolve\n"
        "from resources.models.roles import ModelNotAvailable\n"
        f"try: print(*resolve('owner/name', None, {str(cache)!r}))\n"
        "except ModelNotAvailable as error: print(error)"
    )
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, text=True, capture_output=True, check=True, timeout=60
    )
    return process.stdout


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = save_distilbert(tmp_path / "served")
    for name in ("pytorch_model.bin", "model.onnx", "README.md"):
        (path / name).write_text("not needed")
    return path


def test_a_model_is_downloaded_once_without_the_files_it_does_not_need(model: Path, tmp_path: Path):
    with _hub(model) as (endpoint, fetched):
        first = _resolve(endpoint, tmp_path / "cache")
        downloaded = sorted(fetched)
        second = _resolve(endpoint, tmp_path / "cache")

    assert first.split()[1] == COMMIT[:8]
    assert downloaded == ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]
    assert (second, sorted(fetched)) == (first, downloaded)


def test_pickled_weights_are_downloaded_where_there_are_no_others(model: Path, tmp_path: Path):
    (model / "model.safetensors").unlink()

    with _hub(model) as (endpoint, fetched):
        path, _ = _resolve(endpoint, tmp_path / "cache").split()

    assert (Path(path) / "pytorch_model.bin").exists()
    assert "pytorch_model.bin" in fetched


def test_a_download_that_was_interrupted_is_completed(model: Path, tmp_path: Path):
    with _hub(model) as (endpoint, _):
        path = Path(_resolve(endpoint, tmp_path / "cache").split()[0])
        (path / "model.safetensors").unlink()
        again = _resolve(endpoint, tmp_path / "cache")

    assert again.split()[0] == str(path)
    assert (path / "model.safetensors").exists()


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = _resolve(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)

    assert "tickets models prepare" in error
    assert "owner/name" in error


def test_without_a_route_to_the_hub_the_error_names_it_and_the_remedy(tmp_path: Path):
    error = _resolve("http://127.0.0.1:9", tmp_path)

    for part in ("owner/name", str(tmp_path), "http://127.0.0.1:9", "tickets models prepare"):
        assert part in error
