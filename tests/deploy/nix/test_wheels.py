"""The processor's closure holds the versions that the tests ran on, all of them, for every system."""

import importlib.metadata
import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.deploy.nix.conftest import PROJECT, SYSTEMS, evaluated

PINS = json.loads((PROJECT / "deploy" / "nix" / "wheels.json").read_text())
EXTRAS = ("models", "ui", "workers")
ALSO = ("dagster-k8s",)  # launches a pod a run


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normalized(name): version for name, version in pairs}


def needed() -> set[str]:
    """All that the installed project needs at run time, through every requirement that holds on Linux."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    wanted += [Requirement(text) for extra in EXTRAS for text in project["optional-dependencies"][extra]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        requirement = wanted.pop()
        key = (normalized(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        for text in importlib.metadata.requires(requirement.name) or []:
            further = Requirement(text)
            extras = [*requirement.extras, ""]
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                wanted.append(further)
    return {name for name, _ in seen}


def test_every_wheel_has_the_version_that_constraints_name():
    pinned = constraints()
    differing = {name: (pin["version"], pinned[name]) for name, pin in PINS.items() if name in pinned}

    assert {name: pair for name, pair in differing.items() if pair[0] != pair[1]} == {}


def test_dagsters_libraries_are_of_one_release():
    releases = {name: pin["version"] for name, pin in PINS.items() if name.startswith("dagster")}

    assert {version.removeprefix("1.").removeprefix("0.29.") for version in releases.values()} == {"13.27", "27"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_closure_is_whole_and_every_file_fits_its_system(system):
    closure = {package["pname"]: package for package in evaluated("ticket-processor", system)["dependencies"]}

    assert needed() | set(ALSO) <= set(closure)
    assert {"pytest", "setuptools", "torch"} & set(closure) == set()
    machine = system.removesuffix("-linux")
    for name, package in closure.items():
        url, sha256 = package["src"]["url"], package["src"]["sha256"]
        file = url.rpartition("/")[2]
        assert re.fullmatch(r"https://files\.pythonhosted\.org/packages/(\w+/){3}[\w.+-]+\.whl", url), url
        assert normalized(file.split("-")[0]) == name
        assert file.split("-")[1] == package["version"]
        assert file.endswith(("-any.whl", f"{machine}.whl"))
        assert ("autoPatchelfHook" in package["nativeBuildInputs"]) == (not file.endswith("-any.whl"))
        assert re.fullmatch(r"[0-9a-f]{64}", sha256)
