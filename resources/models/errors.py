"""What goes wrong with a model before it can answer. It loads nothing, for those who cannot wait for Dagster."""


class ModelNotAvailable(RuntimeError):
    """A model's weights cannot be had: the message names the model and how to get it."""

    speaks_of_no_text = True
