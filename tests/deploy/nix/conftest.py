"""The project's Nix expressions, evaluated over a stand-in for nixpkgs."""

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[3]
STUB = Path(__file__).with_name("stub.nix")
SYSTEMS = ("x86_64-linux", "aarch64-linux")
# No store is made, and none is asked.
NIX = ("nix-instantiate", "--store", "dummy://", "--option", "build-users-group", "")


@pytest.fixture(scope="session", autouse=True)
def nix() -> None:
    if not shutil.which("nix-instantiate"):
        pytest.skip("nix-instantiate is not installed: install the package nix-bin (Debian: apt-get install)")


@functools.cache
def evaluated(name: str, system: str = SYSTEMS[0]) -> dict[str, Any]:
    """What the expression of this package hands to its builder on this system."""
    file = PROJECT / ".flox" / "pkgs" / f"{name}.nix"
    command = [*NIX, "--eval", "--strict", "--json", str(STUB), "--argstr", "file", str(file)]
    done = subprocess.run([*command, "--argstr", "system", system], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
