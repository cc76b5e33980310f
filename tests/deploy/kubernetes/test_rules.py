"""Each rule of pods is broken once here, and says so."""

import copy

import pytest

from tests.deploy.kubernetes.manifests import templates, variant
from tests.deploy.kubernetes.rules import ANNOTATION, broken


@pytest.fixture(scope="module")
def template() -> dict:
    return templates(variant("base"))["code-server"]


def container(template: dict) -> dict:
    return template["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (lambda t: t["metadata"].pop("annotations"), "no pinned generation"),
        (lambda t: t["metadata"]["annotations"].update({ANNOTATION: "OWNER/ticket-processor"}), "no pinned generation"),
        (lambda t: t["metadata"]["annotations"].update({ANNOTATION: "OWNER/ticket-processor:latest"}), "no pinned"),
        (lambda t: t["spec"].pop("runtimeClassName"), "another runtime class"),
        (lambda t: t["spec"]["securityContext"].pop("runAsNonRoot"), "may be root"),
        (lambda t: t["spec"]["securityContext"].pop("seccompProfile"), "no seccomp profile"),
        (lambda t: t["spec"].update(serviceAccountName="default"), "another account"),
        (lambda t: t["spec"]["volumes"].clear(), "no volume tmp"),
        (lambda t: container(t).update(image="python:3.11"), "an image"),
        (lambda t: container(t).update(command=["bash"]), "bash is in no environment"),
        (lambda t: container(t)["securityContext"].pop("capabilities"), "may gain privileges"),
        (lambda t: container(t)["securityContext"].update(readOnlyRootFilesystem=False), "may write anywhere"),
        (lambda t: container(t)["volumeMounts"].clear(), "has no place for temporary files"),
        (lambda t: container(t)["resources"]["limits"].pop("memory"), "no limits"),
        (lambda t: container(t)["resources"].pop("requests"), "no requests"),
        (lambda t: container(t)["env"].append({"name": "AWS_ENDPOINT_URL", "value": "x"}), "speaks of an emulator"),
    ],
)
def test_a_pod_that_breaks_a_rule_is_found(template, breaks, words):
    wrong = copy.deepcopy(template)
    breaks(wrong)

    assert broken(template) == []
    assert any(words in found for found in broken(wrong)), broken(wrong)
