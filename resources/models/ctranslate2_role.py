"""What the roles on CTranslate2 share: the converted model, verified and loaded once a process, and its token ids.

A run never converts and never downloads: `prepare` does. Neither torch nor transformers is imported by a run.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from resources.models import converted
from resources.models.cores import threads
from resources.models.loaded import Loaded, load, weights_here
from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import ModelInfo, ModelNotAvailable
from resources.models.weights import Weights, resolve

ComputeType = Literal["int8", "int7", "float32"]
COMPUTE_TYPES = (
    "How weights are stored and computed; int7 is int8 with weights of 7 bits, equally exact on every processor."
)


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
        return weights_here(self.source, self.revision, self.cache_dir, self.compute_type)

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
        return load(directory, self.source, self.ENGINE, self.compute_type, threads())

    def _directory(self) -> Path | None:
        """Where the converted model is or will be; None where nothing is known of the weights."""
        try:
            return converted.directory_of(self.cache_dir, self.source, self.weights().version, self.compute_type)
        except ModelNotAvailable:
            return None
