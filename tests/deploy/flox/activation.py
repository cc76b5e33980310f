"""`flox activate` as far as it can be done without Flox: variables and hook in bash, for services and profiles.

Flox writes `[vars]` as lines `export NAME="VALUE"`, sorted, and sources them under `set -euo pipefail`; the hook comes
next in the same shell, with those options off and its stdout redirected to stderr
(`assets/activation-scripts/activate.d/start.bash` of Flox's sources).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.pipeline.programs import environment
from tickets_cli.processes import ManagedProcess

LEADING = ("MODEL_CACHE_DIR", "HF_HOME", "PYTHONPATH", "PYTHONUNBUFFERED")  # the test session's own


class Aborted(AssertionError):
    """The activation came to no end; its stderr."""


@dataclass
class Activated:
    """The environment that an activation leaves, and what it said."""

    environment: dict[str, str]
    said: str


@dataclass
class Flox:
    """An environment's directory, activated with a cache and a FLOX_ENV of the test's own."""

    project: Path
    cache: Path | None
    installed: Path  # stands in for FLOX_ENV: bin/ links to the machine's own programs
    manifest: dict[str, Any]
    caller: Mapping[str, str] = field(default_factory=dict)  # set in every activation

    def activate(self, **caller: str) -> Activated:
        """Raises Aborted."""
        script = [
            "set -euo pipefail",
            *exports(self.manifest),
            "set +euo pipefail",
            f"{{ {self.manifest.get('hook', {}).get('on-activate', ':')}\n}} 1>&2",
            "set -euo pipefail",
            "env -0",
        ]
        own = {"FLOX_ENV": str(self.installed), "FLOX_ENV_PROJECT": str(self.project)}
        if self.cache:
            own["FLOX_ENV_CACHE"] = str(self.cache)
        before = {name: value for name, value in environment().items() if name not in LEADING} | own
        before |= {**self.caller, **caller}
        before["PATH"] = f"{self.installed / 'bin'}:{before['PATH']}"
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            env=before, cwd="/", capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        if done.returncode:
            raise Aborted(done.stderr)
        pairs = (pair.partition("=") for pair in done.stdout.split("\0") if pair)
        return Activated({name: value for name, _, value in pairs}, done.stderr)

    def start(self, service: str, activated: Activated, place: Path) -> ManagedProcess:
        """Run a service's command as process-compose does: by bash, from wherever Flox was called."""
        command = [
            "bash",
            "-c",
            'cd "$0" && exec bash -c "$1"',
            str(place),
            self.manifest["services"][service]["command"],
        ]
        return ManagedProcess(service, command, activated.environment, place / f"{service}.log")


def exports(manifest: dict[str, Any]) -> list[str]:
    """The lines that Flox makes of `[vars]`."""
    return [f'export {name}="{value}"' for name, value in sorted(manifest.get("vars", {}).items())]


def link_programs(place: Path, **programs: str | Path) -> Path:
    """A FLOX_ENV whose bin/ has these programs."""
    (place / "bin").mkdir(parents=True, exist_ok=True)
    for name, target in programs.items():
        (place / "bin" / name).symlink_to(target)
    return place


def machines_own(place: Path) -> Path:
    """A FLOX_ENV of this machine's Python and the pinned uv."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv, "uv is not installed: run `make install`"
    return link_programs(place, **{"python3.11": Path(sys.executable).resolve(), "uv": uv})
