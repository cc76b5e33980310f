"""The models that a run uses together, and the one version that their answers carry."""

import dagster as dg
from pydantic import Field

from resources.models.roles import Classifier, Embedder, ModelRole, SentimentModel, Summarizer


class ModelSuite(dg.ConfigurableResource):
    """One implementation a role."""

    profile: str = Field(description="The profile's name, the first part of the version.")
    embedder: dg.ResourceDependency[Embedder]
    intent: dg.ResourceDependency[Classifier]
    urgency: dg.ResourceDependency[Classifier]
    sentiment: dg.ResourceDependency[SentimentModel]
    summarizer: dg.ResourceDependency[Summarizer]

    @property
    def roles(self) -> dict[str, ModelRole]:
        """The five by name."""
        return {name: getattr(self, name) for name in ("embedder", "intent", "urgency", "sentiment", "summarizer")}

    @property
    def version(self) -> str:
        """Profile, then the version of each role, once each: whatever changes an answer changes it."""
        return "/".join([self.profile, *dict.fromkeys(role.version for role in self.roles.values())])
