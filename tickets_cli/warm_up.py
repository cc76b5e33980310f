"""What a warm worker does before it takes runs: every model answers once, by which it is loaded."""

import dagster as dg

from resources.models.suite import ModelSuite
from ticket_assets.domain.probes import LONG


def warm_up(definitions: dg.Definitions) -> None:
    """Load the models of the definitions. Raises what a run would: ModelNotAvailable."""
    models = (definitions.resources or {})["models"]
    assert isinstance(models, ModelSuite)
    vectors = models.embedder.embed([LONG])
    for classifier in (models.intent, models.urgency, models.sentiment):
        classifier.classify([LONG], vectors)
    models.summarizer.summarize([LONG])
