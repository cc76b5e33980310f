"""Fitted heads on disk, by the hash of what they depend on: embedding the examples anew takes seconds.

A cache file that cannot be read is rebuilt, and a directory that cannot be written costs time, never a result: both
are logged.
"""

import hashlib
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]
_log = logging.getLogger(__name__)
_kept: dict[Path, Arrays] = {}


def cached(cache_dir: str, key: str, names: Mapping[str, tuple[int | None, ...]], make: Callable[[], Arrays]) -> Arrays:
    """The arrays under `key`: remembered, read, or made and kept. `names` has each one's shape, None for any length."""
    path = Path(cache_dir).expanduser() / f"head-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    arrays = _kept.get(path) or _read(path, names)
    if arrays is None:
        arrays = make()
        _write(path, arrays)
    _kept[path] = arrays
    return arrays


def _read(path: Path, names: Mapping[str, tuple[int | None, ...]]) -> Arrays | None:
    if not path.exists():
        return None
    try:
        # numpy leaves a file that it opened itself open where the archive is torn.
        with path.open("rb") as source, np.load(source, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s): fitting the head anew", path, error)
        return None
    wrong = [name for name, shape in names.items() if not _fits(arrays[name].shape, shape)]
    if wrong:
        _log.warning("%s is damaged (shape of %s): fitting the head anew", path, ", ".join(wrong))
        return None
    return arrays


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _write(path: Path, arrays: Arrays) -> None:
    """Write beside the target and rename: a process that reads meanwhile sees a whole file or none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(descriptor, "wb") as target:
            np.savez(target, **arrays)  # pyright: ignore[reportArgumentType] - numpy's stub takes one for a flag
        Path(name).chmod(0o644)  # mkstemp's own mode would shut out others who share the directory
        Path(name).replace(path)
    except OSError as error:
        _log.warning("%s cannot be written (%s): every process will embed the examples again", path, error)
