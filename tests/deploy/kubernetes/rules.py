"""What every pod of the pipeline keeps to, whoever starts it: a Deployment, or a Job that the launcher made."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.kubernetes.manifests import containers

ANNOTATION = "flox.dev/environment"
PINNED = re.compile(r"[A-Za-z0-9_-]+/ticket-processor:[1-9][0-9]*")
PROGRAMS = {"dagster", "dagster-daemon", "dagster-webserver", "tickets"}  # what the environment has on its PATH
WITH_KUBERNETES = {"dagster-daemon", "dagster-webserver"}  # whose accounts may speak to Kubernetes' server
EMULATOR = re.compile(
    r"AWS_ENDPOINT_URL|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|localhost|127\.0\.0\.1|4566|ministack|localstack"
)


def broken(template: Mapping[str, Any]) -> list[str]:
    """The rules that a pod's template breaks, in words."""
    return [*_of_pod(template), *(f"{c['name']}: {rule}" for c in containers(template) for rule in _of(c))]


def _of_pod(template: Mapping[str, Any]) -> Iterator[str]:
    spec, security = template["spec"], template["spec"].get("securityContext", {})
    if not PINNED.fullmatch(template["metadata"].get("annotations", {}).get(ANNOTATION, "")):
        yield "no pinned generation of the environment"
    if spec.get("runtimeClassName") != "flox":
        yield "another runtime class"
    if not (security.get("runAsNonRoot") and security.get("runAsUser")):
        yield "may be root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "no seccomp profile"
    if spec.get("serviceAccountName") != "ticket-pipeline" and spec.get("serviceAccountName") not in WITH_KUBERNETES:
        yield "another account"
    declared = {volume["name"] for volume in spec.get("volumes", [])}
    for mount in (mount for c in containers(template) for mount in c.get("volumeMounts", [])):
        if mount["name"] not in declared:
            yield f"no volume {mount['name']}"


def _of(container: Mapping[str, Any]) -> Iterator[str]:
    if container["image"] != "flox/empty:1.0.0":
        yield "an image"
    words = container.get("command") or container["args"]
    if words[0] not in PROGRAMS:
        yield f"{words[0]} is in no environment"
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities") != {"drop": ["ALL"]}:
        yield "may gain privileges"
    if not security.get("readOnlyRootFilesystem"):
        yield "may write anywhere"
    writable = [m["mountPath"] for m in container.get("volumeMounts", []) if not m.get("readOnly")]
    if "/tmp" not in writable:
        yield "has no place for temporary files"
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= container.get("resources", {}).get(kind, {}).keys():
            yield f"no {kind}"
    if EMULATOR.search(str(container)):
        yield "speaks of an emulator"
