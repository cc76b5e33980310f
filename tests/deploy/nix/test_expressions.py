"""The packages of .flox/pkgs: they parse, evaluate over a stub of nixpkgs, and are made of what is there."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.nix.conftest import NIX, PROJECT, SYSTEMS, evaluated

FILES = [*sorted((PROJECT / ".flox" / "pkgs").rglob("*.nix")), *sorted((PROJECT / "deploy" / "nix").glob("*.nix"))]
PACKAGES = ("ticket-generator", "ticket-processor")
ROOT = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def pyproject(name: str) -> dict:
    place = PROJECT / "ticket_generator" if name == "ticket-generator" else PROJECT
    return tomllib.loads((place / "pyproject.toml").read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_an_expression_parses(file):
    done = subprocess.run([*NIX, "--parse", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_there_are_the_two_packages_and_nothing_else_that_flox_would_take_for_one():
    assert sorted(path.relative_to(PROJECT / ".flox" / "pkgs").as_posix() for path in FILES[:2]) == [
        f"{name}.nix" for name in PACKAGES
    ]
    assert [path.name for path in (PROJECT / ".flox" / "pkgs").iterdir() if path.suffix != ".nix"] == []


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_package_has_the_projects_version_and_its_own_program(name, system):
    made = evaluated(name, system)

    assert made["version"] == ROOT["project"]["version"] == pyproject(name)["project"]["version"]
    assert made["pname"] == made["meta"]["mainProgram"] == name
    assert name in pyproject(name)["project"]["scripts"]
    assert made["pyproject"] is True


@pytest.mark.parametrize("name", PACKAGES)
def test_its_sources_are_there_and_hold_all_that_it_installs(name):
    sources = [Path(path) for path in evaluated(name)["src"]["fileset"]]
    package = pyproject(name)

    assert all(path.exists() for path in sources)
    top = {module.split(".")[0] for module in package["tool"]["setuptools"]["packages"]}
    assert top <= {path.name for path in sources}
    if "readme" in package["project"]:
        assert PROJECT / package["project"]["readme"] in sources
    for module in evaluated(name)["pythonImportsCheck"]:
        pinned = module.replace("_", "-") in {one["pname"] for one in evaluated(name)["dependencies"]}
        assert pinned or (PROJECT / f"{module.replace('.', '/')}.py").exists()


def test_the_generators_closure_holds_boto3_alone():
    assert [one["pname"] for one in evaluated("ticket-generator")["dependencies"]] == ["boto3"]
    assert pyproject("ticket-generator")["project"]["dependencies"] == ["boto3"]


def test_every_program_of_dagster_is_a_module_that_finds_the_closures_packages():
    made = evaluated("ticket-processor")
    programs = dict(re.findall(r"(dagster[\w-]*)=(dagster[\w.]*)", made["postFixup"]))

    assert set(programs) == {"dagster", "dagster-daemon", "dagster-webserver"}
    assert all(importlib.util.find_spec(f"{module}.__main__") for module in programs.values())
    assert made["makeWrapperArgs"][:3] == ["--prefix", "PYTHONPATH", ":"]
    assert made["makeWrapperArgs"][3] in made["postFixup"]


def test_no_program_is_in_both_packages_which_one_environment_could_not_hold():
    both = pyproject("ticket-generator")["project"]["scripts"].keys() & ROOT["project"]["scripts"].keys()
    removed = re.findall(
        r"\$out/bin/([\w-]+)\"", evaluated("ticket-processor")["postFixup"].split("rm -f")[1].splitlines()[0]
    )

    assert both == {"ticket-generator"} == set(removed)


@pytest.mark.parametrize("name", PACKAGES)
def test_its_check_phase_passes_over_its_sources_alone(name, tmp_path):
    """The same commands, in a copy that holds the package's sources and nothing else of the project."""
    made = evaluated(name)
    place = tmp_path / "source"
    for path in map(Path, made["src"]["fileset"]):
        target = place / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(path), str(target)], check=True)
    start = tmp_path / made.get("sourceRoot", "source")
    commands = made["checkPhase"].replace("runHook", ": runHook")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(place)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=start, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "[100%]" in done.stdout
