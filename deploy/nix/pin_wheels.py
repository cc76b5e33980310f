"""Write wheels.json anew: the wheel of each package that the processor's closure holds, from constraints.txt.

Asks pip what it would install on each system, and keeps the files' addresses and SHA-256. All are PyPI's but torch:
only PyTorch's own index has its build for CPUs.

    python deploy/nix/pin_wheels.py
"""
# ruff: noqa: INP001

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
PYTHON = "3.11"
EXTRAS = ("convert", "kubernetes", "models", "ui", "workers")  # what pods run
# Of what is here only torch is taken: it also has copies of what torch needs, some of them old.
TORCH_FOR_CPU = "https://download.pytorch.org/whl/cpu"
CHECKED_BY = ("pytest", "hypothesis")
GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
LEGACY = {"x86_64": ("2014", "2010", "1"), "aarch64": ("2014",)}


def main() -> None:
    """Resolve for each system, and write what both said."""
    wheels: dict[str, Any] = {}
    for system in LEGACY:
        for item in resolved(system):
            found = item["download_info"]
            wheel = {"url": found["url"], "sha256": found["archive_info"]["hashes"]["sha256"]}
            meta = item["metadata"]
            entry = wheels.setdefault(normalized(meta["name"]), {"version": meta["version"], "wheels": {}})
            entry["wheels"][f"{system}-linux"] = wheel
    for entry in wheels.values():
        first, *others = entry["wheels"].values()
        if others == [first] * (len(LEGACY) - 1):
            entry["wheels"] = {"any": first}
    lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(wheels.items())]
    (HERE / "wheels.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def resolved(machine: str) -> list[dict[str, Any]]:
    """The report of pip of what it would install on this kind of machine."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], *CHECKED_BY]
    wanted += [name for extra in EXTRAS for name in project["project"]["optional-dependencies"][extra]]
    return report(machine, "-c", str(PROJECT / "constraints.txt"), *wanted, cpu_torch(machine))


def cpu_torch(machine: str) -> str:
    """A requirement of the CPU wheel itself: one of a version would let pip take PyPI's, which is for CUDA."""
    pinned = re.search(r"^torch==(\S+)$", (PROJECT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned, "constraints.txt has no torch"
    (torch,) = report(machine, "--no-deps", "--index-url", TORCH_FOR_CPU, f"torch=={pinned[1]}+cpu")
    found = torch["download_info"]
    return f"torch @ {found['url']}#sha256={found['archive_info']['hashes']['sha256']}"


def report(machine: str, *words: str) -> list[dict[str, Any]]:
    """What `pip install` with these words would install there; nothing is installed."""
    platforms = [f"manylinux_{glibc}_{machine}" for glibc in GLIBC]
    platforms += [f"manylinux{year}_{machine}" for year in LEGACY[machine]]
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--target", place, "--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp"]
        command += [word for platform in platforms for word in ("--platform", platform)]
        environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
        subprocess.run([*command, "--report", str(file), *words], check=True, env=environment)  # noqa: S603 - our own
        return json.loads(file.read_text())["install"]


def normalized(name: str) -> str:
    """A package's name as nixpkgs and constraints are compared by."""
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    main()
