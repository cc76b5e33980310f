"""`tickets models prepare`: every model of the profile, fetched, converted and loaded before tickets wait for it."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from rich.console import Console

from ticket_assets.definitions import build_models
from ticket_assets.domain.probes import LONG
from ticket_assets.settings import Settings


def prepare_models(settings: Settings, console: Console) -> None:
    """Print a line a role. Raises ModelNotAvailable."""
    models = build_models(settings)
    for name, role in models.roles.items():
        with console.status(f"preparing {name}") as status:
            # A terminal's one line changes; a log gets a line for each thing that takes a while.
            tell = status.update if console.is_terminal else partial(console.print, highlight=False, soft_wrap=True)
            role.prepare(lambda doing, name=name, tell=tell: tell(f"{name}: {doing}"))
    console.print(f"models {models.version}", highlight=False, soft_wrap=True)
    with console.status("loading embedder"):
        vectors = models.embedder.embed([LONG])
    roles: dict[str, Callable[[np.ndarray], object]] = {
        "embedder": lambda _: models.embedder.embed([LONG]),
        "intent": lambda v: models.intent.classify([LONG], v),
        "urgency": lambda v: models.urgency.classify([LONG], v),
        "sentiment": lambda v: models.sentiment.classify([LONG], v),
        "summarizer": lambda _: models.summarizer.summarize([LONG]),
    }
    for name, use in roles.items():
        with console.status(f"loading {name}"):
            use(vectors)
        start = time.perf_counter()
        use(vectors)
        console.print(f"[green]✓[/] {name}: {1000 * (time.perf_counter() - start):.0f} ms a ticket", highlight=False)
