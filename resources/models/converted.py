"""Converted models on disk: where each is, whether it is whole, and how a new one comes to be there.

One directory a model, revision, engine version and compute type; it appears whole or not at all, and its manifest has
the SHA-256 of every file. Nothing here knows what the files mean, or imports an engine.
"""

import fcntl
import importlib.metadata
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resources.models.errors import ModelNotAvailable
from resources.models.model_files import checksum

MANIFEST, FACTS, HEAD, TOKENIZER = "manifest.json", "facts.json", "head.npz", "tokenizer.json"
_UNFINISHED = ".converting-"


def directory_of(cache_dir: str, source: str, version: str, compute_type: str) -> Path:
    """Where the model is once it is converted; not looked for."""
    return _shelf(cache_dir) / f"{_name(source)}@{version}.{compute_type}"


def newest(cache_dir: str, source: str, revision: str | None, compute_type: str) -> str | None:
    """The version converted last of this source and revision: where the weights themselves are not here any more."""
    manifests = _shelf(cache_dir).glob(f"{_name(source)}@*.{compute_type}/{MANIFEST}")
    for path in sorted(manifests, key=lambda path: path.stat().st_mtime, reverse=True):
        manifest = _read(path)
        if manifest and (manifest.get("source"), manifest.get("revision")) == (source, revision):
            return str(manifest["version"])
    return None


def problem_with(directory: Path) -> str | None:
    """What is wrong with a converted model's files, by name, as the end of a sentence; None if nothing."""
    manifest = _read(directory / MANIFEST)
    if not manifest or not isinstance(files := manifest.get("files"), dict):
        return f"has no readable {MANIFEST}"
    for name, promised in files.items():
        if not (directory / name).is_file():
            return f"lacks {name}"
        if checksum(directory / name) != promised:
            return f"holds a corrupt {name}: its SHA-256 is not the manifest's"
    return None


def require_whole(directory: Path, source: str) -> None:
    """Raises ModelNotAvailable, naming directory, file and remedy, where the model is not there or not whole."""
    remedy = "Run `tickets models prepare` with the MODEL_CACHE_DIR of the runs"
    if not directory.is_dir():
        raise ModelNotAvailable(f"Model {source!r} is not converted: there is no {directory}. {remedy}.")
    problem = problem_with(directory)
    if problem:
        raise ModelNotAvailable(f"Model {source!r}: {directory} {problem}. {remedy}: it converts the model anew.")


def add(directory: Path, about: dict[str, Any], fill: Callable[[Path], None]) -> None:
    """Let `fill` write a model into an empty directory and put it in its place, unless a whole one is there by then.

    A second process waits, and finds the work done. What a killed one left behind is removed.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _alone(directory.parent):
        for leftover in directory.parent.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover)
        if directory.is_dir() and not problem_with(directory):
            return
        unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=_UNFINISHED))
        try:
            fill(unfinished)
            files = {file.name: checksum(file) for file in sorted(unfinished.iterdir())}
            (unfinished / MANIFEST).write_text(json.dumps({**about, "files": files}, indent=2))
            unfinished.chmod(0o755)  # mkdtemp's own mode would shut out others who share the directory
            if directory.exists():
                directory.rename(directory.parent / f"{_UNFINISHED}damaged-{os.getpid()}")
            unfinished.rename(directory)
        finally:
            for leftover in directory.parent.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(leftover)


def size_of(directory: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in directory.iterdir())


def _shelf(cache_dir: str) -> Path:
    return Path(cache_dir).expanduser() / f"ctranslate2-{importlib.metadata.version('ctranslate2')}"


def _name(source: str) -> str:
    """A directory's name says nothing of where it lies; its version is made of its content."""
    return Path(source).name if Path(source).expanduser().is_dir() else re.sub(r"[^\w.-]+", "--", source)


def _read(manifest: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock that one process a directory has; the kernel gives it back where the process dies."""
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
