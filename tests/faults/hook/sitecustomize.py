"""Kills a process at a boundary that a test has armed. Python loads this by itself where its folder is on PYTHONPATH.

The directory FAULT_DIR holds a file `<name>.armed` for each kill to come: JSON with `at`, a regular expression that the
boundary must match, and `spares`, whether a batch that was a victim twice before is spared. Boundaries read as
"before s3.PutObject batches/…", "after dagster.create_run", "before event PIPELINE_START". The process that reaches
one first renames the file to `<name>.fired`, writes its own command line there, and kills itself as `kill -9` would.
"""

import importlib.abc
import importlib.util
import json
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

BATCH = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
BOUNDARIES = ("add_dynamic_partitions", "create_run", "submit_run")


def reached(boundary: str, speaks_of: object) -> None:
    """Die here, if this is where a test wants it."""
    for armed in Path(os.environ["FAULT_DIR"]).glob("*.armed"):
        with suppress(OSError):  # another process was quicker
            fault = json.loads(armed.read_text())
            if re.match(fault["at"], boundary) and _may_suffer(fault, armed.parent, str(speaks_of)):
                fired = armed.with_suffix(".fired")
                armed.rename(fired)
                fired.write_text(" ".join(sys.orig_argv))
                os.kill(os.getpid(), signal.SIGKILL)


def _may_suffer(fault: dict, place: Path, text: str) -> bool:
    found = BATCH.search(text)
    if not fault["spares"]:
        return True
    for time in ("first", "second"):
        with suppress(FileExistsError):
            (place / f"{time}-{found[0] if found else text}").touch(exist_ok=False)
            return True
    return False


def _watch_calls_of_aws(module) -> None:
    call = module.BaseClient._make_api_call

    def watched(self, operation, params):
        boundary = f"{self.meta.service_model.service_name}.{operation} {params.get('Key', '')}"
        reached(f"before {boundary}", params)
        answer = call(self, operation, params)
        reached(f"after {boundary}", params)
        return answer

    module.BaseClient._make_api_call = watched


def _watch_requests_of_the_daemon(module) -> None:
    def watch(name: str) -> None:
        method = getattr(module.DagsterInstance, name)

        def watched(*args, **kwargs):
            result = method(*args, **kwargs)
            reached(f"after dagster.{name}", (args[1:], kwargs))
            return result

        setattr(module.DagsterInstance, name, watched)

    for name in BOUNDARIES:
        watch(name)
    handle = module.DagsterInstance.handle_new_event

    def watched_events(self, event, **options):
        reached(f"before event {event.dagster_event_type and event.dagster_event_type.value}", event.run_id)
        return handle(self, event, **options)

    module.DagsterInstance.handle_new_event = watched_events


class _AfterImport(importlib.abc.MetaPathFinder):
    """Changes a module as soon as the process imports it, so that no process loads what it does not need."""

    def __init__(self) -> None:
        self.changes = {
            "botocore.client": _watch_calls_of_aws,
            "dagster._core.instance.instance": _watch_requests_of_the_daemon,
        }

    def find_spec(self, fullname, path=None, target=None):
        change = self.changes.pop(fullname, None)
        spec = importlib.util.find_spec(fullname) if change else None
        if not spec or not spec.loader or not change:
            return None
        load = spec.loader.exec_module

        def load_and_change(module) -> None:
            load(module)
            change(module)

        spec.loader.exec_module = load_and_change
        return spec


if "FAULT_DIR" in os.environ:
    sys.meta_path.insert(0, _AfterImport())
