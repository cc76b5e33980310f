"""Tries the models on one ticket's texts in a process of its own, which may die of them in the run's stead.

Only the run knows of that process, so its death tells of the texts alone: an operator's kill, a deploy or the loss of
the node end the run itself. What a text makes the models raise is not judged here; where they hang, the process is
killed.
"""

import importlib
import multiprocessing as mp
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from resources.models.suite import ModelSuite

TIMES = 3
# Seconds, generous on a busy machine; three trials of both stay well under the hour that a run may take.
READY_WITHIN = 300  # models loaded, and the harmless text survived
DONE_WITHIN = 300
READY = b"ready"
ASKED_TO_STOP = {-signal.SIGTERM, -signal.SIGINT}


class Texts(NamedTuple):
    """What the models see of a ticket: the text to embed and classify, and its body where that is to be summarized."""

    text: str
    bodies: Sequence[str]


class TrialFailed(RuntimeError):
    """The trial tells nothing of the ticket: its process did not get so far, or was asked to stop."""


def killed_by(models: ModelSuite, texts: Texts, harmless: Texts) -> str | None:
    """How each of three processes that worked on `texts` ended, such as by "signal 9"; None as soon as one survives.

    Each shows first that it survives the texts that are `harmless`. Raises TrialFailed.
    """
    described = describe(models)
    for module in {__name__, *_modules(described)}:
        _let_be_imported_elsewhere(module)
    ends = []
    for _ in range(TIMES):
        end = _end_of_process(described, texts, harmless)
        if end is None:
            return None
        ends.append(end)
    return ", ".join(dict.fromkeys(ends))


def _end_of_process(models: dict[str, Any], texts: Texts, harmless: Texts) -> str | None:
    # Spawned: a fork would inherit the locks of other threads. What it is given is plain data.
    spawn = mp.get_context("spawn")
    told, tell = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_work, args=(tell, models, [*map(tuple, (harmless, texts))]), daemon=True)
    child.start()
    tell.close()
    try:
        if not told.poll(READY_WITHIN):
            raise TrialFailed(
                f"the models are not done with a harmless text in {READY_WITHIN} s: no ticket is to blame"
            )
        ready = _says_ready(told)
        child.join(DONE_WITHIN)
        code = child.exitcode
    finally:
        child.kill()
    if code is None:
        return f"no end within {DONE_WITHIN} s"
    if not ready and code:
        raise TrialFailed(f"the models' process ends on a harmless text too (exit code {code}): no ticket is to blame")
    if code in ASKED_TO_STOP:
        raise TrialFailed(f"the models' process was asked to stop (signal {-code}) while it tried a ticket out")
    if code == 0:
        return None
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _says_ready(told: Any) -> bool:
    try:
        return told.recv_bytes() == READY
    except EOFError:
        return False


def _work(tell: Connection, models: dict[str, Any], texts: list[tuple[str, Sequence[str]]]) -> None:
    """The process: ends with the run's, and is the first that the kernel takes where memory is short."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    suite = restore(models)
    harmless, suspect = (Texts(*pair) for pair in texts)
    _answer(suite, harmless)
    tell.send_bytes(READY)
    _answer(suite, suspect)


def _end_with_parent() -> None:
    parent = mp.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _answer(models: ModelSuite, texts: Texts) -> None:
    """Let every model work, and throw its answers away; what one raises is met again, and isolated, in the run."""
    with suppress(Exception):
        vectors = models.embedder.embed([texts.text])
        for model in (models.intent, models.urgency, models.sentiment):
            model.classify([texts.text], vectors)
    with suppress(Exception):
        if texts.bodies:
            models.summarizer.summarize(texts.bodies, [texts.text])


def _let_be_imported_elsewhere(module: str) -> None:
    """Put the folder that holds the module's package on sys.path, which a spawned process inherits.

    Dagster takes a workspace's `working_directory` off it again once the code is loaded.
    """
    package = sys.modules[module.partition(".")[0]]
    places = getattr(package, "__path__", [str(package.__file__)])
    folder = str(Path(next(iter(places))).parent)
    if folder not in sys.path:
        sys.path.append(folder)


def _modules(described: dict[str, Any]) -> Iterator[str]:
    yield described["class"][0]
    for field in described["fields"].values():
        if _is_resource(field):
            yield from _modules(field)


def describe(resource: dg.ConfigurableResource) -> dict[str, Any]:
    """A resource as plain data: its class by name, and its fields."""
    fields = {name: getattr(resource, name) for name in type(resource).model_fields}
    return {
        "class": (type(resource).__module__, type(resource).__qualname__),
        "fields": {n: describe(v) if isinstance(v, dg.ConfigurableResource) else v for n, v in fields.items()},
    }


def restore(described: dict[str, Any]) -> Any:
    """The resource that was described."""
    module, name = described["class"]
    fields = {n: restore(v) if _is_resource(v) else v for n, v in described["fields"].items()}
    return getattr(importlib.import_module(module), name)(**fields)


def _is_resource(field: Any) -> bool:
    return isinstance(field, dict) and "class" in field
