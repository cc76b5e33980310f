"""What a warm worker has loaded and would not see change: the code, the label files, the models' files."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from resources.models.converted import MANIFEST
from ticket_assets.settings import Settings

PACKAGES = ("resources", "sensors", "ticket_assets")
CODE = {".py", ".yaml"}
MADE_BY_RUNS = ("head-", "tmp")  # fitted heads in MODEL_CACHE_DIR: named by what they were made from
# Of a converted model, which appears whole; the weights that it is made of come in while workers are at work.
CONVERTED = f"ctranslate2-*/*/{MANIFEST}"

Fingerprint: TypeAlias = frozenset[tuple[str, int, int]]


def fingerprint(settings: Settings, module: str) -> Fingerprint:
    """Path, time and size of each file that a worker with the definitions of `module` loads."""
    return frozenset((str(path), *_state(path)) for path in {*_code(module), *_models(settings)} if path.is_file())


def _code(module: str) -> Iterable[Path]:
    for package in {*PACKAGES, module.partition(".")[0]}:
        spec = importlib.util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            yield from (path for path in Path(place).rglob("*") if path.suffix in CODE)
        if spec and spec.origin:
            yield Path(spec.origin)


def _models(settings: Settings) -> Iterable[Path]:
    yield from settings.labels_dir.glob("*.yaml")
    sources = [
        Path(source).expanduser() for source in (settings.embedder, settings.sentiment_model, settings.summarizer)
    ]
    cache = settings.model_cache_dir.expanduser()
    if settings.engine == "ctranslate2":
        yield from cache.glob(CONVERTED)
    else:
        sources.append(cache)
    for place in sources:
        if place.is_dir():
            yield from (path for path in place.rglob("*") if not path.name.startswith(MADE_BY_RUNS))


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:  # replaced just now
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
