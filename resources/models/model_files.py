"""Is the model in this directory complete? Looks at names, sizes and headers; loads nothing."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the first of them that exists is the one loaded
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
SMALL_FILES = (
    *VOCABULARIES,
    "config.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer_config.json",
)


def first_of(names: tuple[str, ...], directory: Path) -> Path | None:
    """The first of `names` that is in `directory`."""
    return next((directory / name for name in names if (directory / name).exists()), None)


def problem_in(directory: Path) -> str | None:
    """What is missing from the model in `directory` or cut short there, as the end of a sentence; None if nothing."""
    weights = first_of(WEIGHTS, directory)
    if not (directory / "config.json").exists():
        return "has no config.json"
    if weights is None:
        return f"has no weights ({' or '.join(WEIGHTS)})"
    if first_of(VOCABULARIES, directory) is None:
        return f"has no vocabulary ({' or '.join(VOCABULARIES)})"
    return _safetensors_problem(weights) if weights.suffix == ".safetensors" else None


def digest(directory: Path) -> str:
    """The first 8 digits of the SHA-256 over all that the complete `directory` holds of a model, once a process.

    The small files are part of it: another vocabulary, label order or number of beams gives other answers.
    """
    weights = first_of(WEIGHTS, directory)
    if weights is None:
        raise FileNotFoundError(f"no weights in {directory}")
    files = [weights, *(directory / name for name in SMALL_FILES if (directory / name).exists())]
    sums = [f"{file.name} {checksum(file)}" for file in files]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()[:8]


def checksum(file: Path) -> str:
    """The SHA-256 of a file, computed once a process while its size and time stay."""
    stat = file.stat()
    return _checksum(file, stat.st_size, stat.st_mtime_ns)


def _safetensors_problem(path: Path) -> str | None:
    """Compare the size that the header promises (8 bytes of its length, JSON, then the data) with the file's."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length + 8 > size:  # also what an error page or a Git LFS pointer looks like
            return f"holds a truncated {path.name} ({size:,} bytes): it ends within its header"
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            promised = 8 + length + max(ends, default=0)
        except (AttributeError, LookupError, TypeError, ValueError):
            return f"holds a {path.name} that is no safetensors file"
    return None if promised == size else f"holds a truncated {path.name}: {size:,} bytes of {promised:,}"


@lru_cache(maxsize=128)
def _checksum(path: Path, size: int, modified_ns: int) -> str:  # noqa: ARG001 - a changed file is a new cache key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
