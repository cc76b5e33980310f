"""The processor's closure holds the versions that the tests ran on, all of them, for every system."""

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.deploy.nix.conftest import PROJECT, SYSTEMS, evaluated

PINS = json.loads((PROJECT / "deploy" / "nix" / "wheels.json").read_text())
EXTRAS = ("convert", "kubernetes", "models", "ui", "workers")
FOR_GPUS = ("cuda", "nvidia", "triton")  # so begin the names of what PyPI's own torch for Linux needs
PLACES = {"torch": r"https://download[\w-]*\.pytorch\.org/whl/cpu/"}
PYPI = r"https://files\.pythonhosted\.org/packages/(\w+/){3}"


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
            if further.name.startswith(FOR_GPUS):
                continue  # of the torch that is installed here, which may be another build
            extras = [*requirement.extras, ""]
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                wanted.append(further)
    return {name for name, _ in seen}


def test_every_wheel_has_the_version_that_constraints_name():
    pinned = constraints()
    differing = {name: (pin["version"], pinned[name]) for name, pin in PINS.items() if name in pinned}

    assert differing.pop("torch") == (f"{pinned['torch']}+cpu", pinned["torch"])
    assert {name: pair for name, pair in differing.items() if pair[0] != pair[1]} == {}


def test_dagsters_libraries_are_of_one_release():
    releases = {name: pin["version"] for name, pin in PINS.items() if name.startswith("dagster")}

    assert {version.removeprefix("1.").removeprefix("0.29.") for version in releases.values()} == {"13.27", "27"}


def test_the_closure_has_nothing_for_gpus():
    """They are gigabytes, and no pod asks for one."""
    assert [name for name in PINS if name.startswith(FOR_GPUS)] == []
    assert set(PINS["torch"]["wheels"]) == set(SYSTEMS)
    assert all("%2Bcpu-" in wheel["url"] for wheel in PINS["torch"]["wheels"].values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_closure_is_whole_and_every_file_fits_its_system(system):
    closure = {package["pname"]: package for package in evaluated("ticket-processor", system)["dependencies"]}

    assert needed() <= set(closure)
    assert {"pytest", "hypothesis"} & set(closure) == set()
    machine = system.removesuffix("-linux")
    for name, package in closure.items():
        url, file, sha256 = (package["src"][key] for key in ("url", "name", "sha256"))
        assert re.fullmatch(PLACES.get(name, PYPI) + r"[\w.+%-]+\.whl", url), url
        assert file == url.rpartition("/")[2].replace("%2B", "+")
        assert re.fullmatch(r"[\w.+-]+", file)  # else Nix takes it for no name
        assert normalized(file.split("-")[0]) == name
        assert file.split("-")[1] == package["version"]
        assert file.endswith(("-any.whl", f"{machine}.whl"))
        assert ("autoPatchelfHook" in package["nativeBuildInputs"]) == (not file.endswith("-any.whl"))
        assert package["dontStrip"] is True
        assert re.fullmatch(r"[0-9a-f]{64}", sha256)


def index_of_torch(place: Path, version: str) -> dict[str, str]:
    """Make an index with links like PyTorch's, to small files of two builds; gives SHA-256 by name in the link."""
    hashes = {}
    for build in (version, f"{version}+cpu"):
        for system in SYSTEMS:
            file = place / f"torch-{build}-cp311-cp311-manylinux_2_28_{system.removesuffix('-linux')}.whl"
            with zipfile.ZipFile(file, "w") as wheel:
                about = f"torch-{build}.dist-info"
                wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {build}\n")
                wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\n")
                wheel.writestr(f"{about}/RECORD", system)
            hashes[file.name.replace("+", "%2B")] = hashlib.sha256(file.read_bytes()).hexdigest()
    links = [f'<a href="../../{name}#sha256={sha256}">{name}</a>' for name, sha256 in hashes.items()]
    (place / "simple" / "torch").mkdir(parents=True)
    (place / "simple" / "torch" / "index.html").write_text("<!DOCTYPE html><html><body>" + "".join(links))
    return hashes


def test_pinning_takes_torchs_cpu_build_from_its_own_index_for_each_system(tmp_path, monkeypatch):
    version = constraints()["torch"]
    hashes = index_of_torch(tmp_path, version)
    spec = importlib.util.spec_from_file_location("pin_wheels", PROJECT / "deploy" / "nix" / "pin_wheels.py")
    assert spec
    assert spec.loader
    pinning = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pinning)
    monkeypatch.setattr(pinning, "TORCH_FOR_CPU", (tmp_path / "simple").as_uri())

    for machine in pinning.LEGACY:
        name = f"torch-{version}%2Bcpu-cp311-cp311-manylinux_2_28_{machine}.whl"
        assert pinning.cpu_torch(machine) == f"torch @ {tmp_path.as_uri()}/{name}#sha256={hashes[name]}"
