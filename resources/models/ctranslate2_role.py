"""What the roles on CTranslate2 share: the converted model, verified and loaded once a process, and its token ids.

A run never converts and never downloads: `prepare` does. Neither torch nor transformers is imported by a run.
"""

import json
import os
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from resources.models import converted
from resources.models.cores import has_avx512, threads
from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import ModelInfo, ModelNotAvailable
from resources.models.weights import Weights, resolve

ComputeType = Literal["int8", "int7", "float32"]
COMPUTE_TYPES = (
    "How weights are stored and computed; int7 is int8 with weights of 7 bits, equally exact on every processor."
)
CHARACTERS_A_TOKEN = 16  # more than the text of nearly every ticket has: one read is enough
VECTORS = "CT2_FORCE_CPU_ISA"  # CTranslate2's own variable


class Loaded(NamedTuple):
    """A model ready for inference: CTranslate2's and tokenizers' own, and the facts that the conversion wrote down."""

    directory: Path
    model: Any
    tokenizer: Any
    facts: dict[str, Any]
    workers: int

    def encoded(self, texts: Sequence[str], limit: int) -> list[Any]:
        """Tokens and ids of each text with the model's special ones, cut at `limit` or at what the model can read."""
        most = min(limit, self.facts["positions"])
        self.tokenizer.enable_truncation(most)
        return [self._encoded(text, most) for text in texts]

    def _encoded(self, text: str, most: int) -> Any:
        """The encoding of as much as it takes: a tokenizer reads all of a text, megabytes too, before it cuts.

        Words before white space become the same tokens whatever comes after it.
        """
        read = CHARACTERS_A_TOKEN * most
        while read < len(text):
            encoding = self.tokenizer.encode(text[:read].rpartition(" ")[0])
            if len(encoding.ids) == most:
                return encoding
            read *= 8
        return self.tokenizer.encode(text)


class CTranslate2Role(PretrainedRole):
    """A role whose weights `tickets models prepare` converts into `cache_dir`."""

    KIND: ClassVar[str]
    ENGINE: ClassVar[str]

    compute_type: ComputeType = Field(default="int8", description=COMPUTE_TYPES)

    @property
    def version(self) -> str:
        """The weights' name and revision, the setting, engine and compute type."""
        return f"{super().version}:ctranslate2:{self.compute_type}"

    def weights(self) -> Weights:
        """The weights as they are here; where only their converted form is, its version without a path."""
        try:
            return resolve(self.source, self.revision, self.cache_dir, download=False)
        except ModelNotAvailable:
            version = converted.newest(self.cache_dir, self.source, self.revision, self.compute_type)
            if version is None or Path(self.source).expanduser().is_dir():
                raise
            return Weights("", version)

    def prepare(self, say: Callable[[str], None]) -> None:
        """Fetch the weights and convert them, where no whole conversion is there."""
        directory = self._directory()
        if directory and directory.is_dir() and not converted.problem_with(directory):
            return
        if not all(map(find_spec, ("torch", "transformers"))):
            raise ModelNotAvailable(
                f"Model {self.source!r} is not converted, and converting it takes torch and transformers. Install the "
                "extra convert here, or share the MODEL_CACHE_DIR of a machine where it is prepared."
            )
        from resources.models.conversion import convert

        say(f"fetching {self.source}")
        path, version = resolve(self.source, self.revision, self.cache_dir)
        about = {"source": self.source, "revision": self.revision, "version": version, "kind": self.KIND}
        say(f"converting {self.source} to {self.compute_type}")
        directory = converted.directory_of(self.cache_dir, self.source, version, self.compute_type)
        converted.add(directory, about, partial(convert, self.KIND, path, self.compute_type))

    def info(self) -> ModelInfo:
        """The converted model's place and state."""
        directory = self._directory()
        known = (self.source, self.weights().version if directory else "", "ctranslate2", self.compute_type)
        if directory is None:
            return ModelInfo(*known, path="", size=0, state="missing")
        if not directory.is_dir():
            return ModelInfo(*known, str(directory), size=0, state="not converted")
        state = "corrupt" if converted.problem_with(directory) else "ready"
        return ModelInfo(*known, str(directory), converted.size_of(directory), state)

    def loaded(self) -> Loaded:
        """The model, once a process; raises ModelNotAvailable where it is not converted or not whole."""
        directory = converted.directory_of(self.cache_dir, self.source, self.weights().version, self.compute_type)
        return _load(directory, self.source, self.ENGINE, self.compute_type, threads())

    def _directory(self) -> Path | None:
        """Where the converted model is or will be; None where nothing is known of the weights."""
        try:
            return converted.directory_of(self.cache_dir, self.source, self.weights().version, self.compute_type)
        except ModelNotAvailable:
            return None


@lru_cache(maxsize=4)
def _load(directory: Path, source: str, engine: str, compute_type: str, workers: int) -> Loaded:
    """Verify and load.

    On two cores two workers of one thread did 170 tickets a second through MiniLM where one worker of two threads
    did 100, and DistilBERT and DistilBART gain too: `workers` is the number of batches to give it at a time.
    """
    converted.require_whole(directory, source)
    if has_avx512():  # which CTranslate2 takes of itself on Intel's processors only: an encoder is 12 % faster
        os.environ.setdefault(VECTORS, "AVX512")
    import ctranslate2
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / converted.TOKENIZER))
    tokenizer.no_padding()
    facts = json.loads((directory / converted.FACTS).read_text())
    computed = "int8" if compute_type == "int7" else compute_type
    model = getattr(ctranslate2, engine)(
        str(directory), device="cpu", compute_type=computed, inter_threads=workers, intra_threads=1
    )
    return Loaded(directory, model, tokenizer, facts, workers)
