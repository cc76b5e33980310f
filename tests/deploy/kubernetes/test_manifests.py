"""Every way to put deploy/kubernetes together renders to valid objects that keep to the rules and fit each other."""

import json
import re
from functools import cache

import kubernetes_validate
import pytest
import yaml

from tests.deploy.kubernetes.manifests import (
    BASE,
    FOLDER,
    VARIANTS,
    containers,
    environment,
    named,
    render,
    templates,
    variant,
)
from tests.deploy.kubernetes.rules import EMULATOR, broken
from ticket_assets.settings import Settings, variable

CLUSTERS = ["1.33", "1.37"]  # the oldest and the newest that the schemas are held against
SECRETS = {"tickets-postgres/url": "postgresql://", "tickets-redis/url": "redis://"}


@pytest.fixture(params=VARIANTS)
def objects(request):
    return variant(request.param)


@cache
def valid(text: str, cluster: str) -> str:
    """Raises ValidationError, for unknown fields too. Most objects are the same in every variant."""
    return kubernetes_validate.validate(json.loads(text), cluster, strict=True)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_object_is_what_kubernetes_takes(objects, cluster):
    assert {valid(json.dumps(found), cluster) for found in objects} == {cluster}


def test_a_misspelt_field_is_not_what_kubernetes_takes(objects):
    deployment = named(objects, "Deployment", "code-server")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 1}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, CLUSTERS[0], strict=True)


def test_every_pod_keeps_to_the_rules(objects):
    found = {name: broken(template) for name, template in templates(objects).items()}

    assert not any(found.values()), found


def test_every_variable_has_a_value_and_settings_are_what_the_pipeline_knows(objects):
    known = {variable(field) for field in Settings.model_fields}
    for template in templates(objects).values():
        for container in containers(template):
            found = environment(objects, template, container, SECRETS)
            assert not [value for value in found.values() if "$(" in value]
            own = {name for name in found if name.startswith("TICKETS_")}
            assert own <= known | {"TICKETS_NAMESPACE", "TICKETS_POSTGRES_URL", "TICKETS_REDIS_URL"}


def test_whoever_is_selected_is_there(objects):
    labels = [template["metadata"]["labels"] for template in templates(objects).values()]
    selectors = [o["spec"]["selector"] for o in objects if o["kind"] == "Service"]
    selectors += [o["spec"]["selector"]["matchLabels"] for o in objects if o["kind"] == "PodDisruptionBudget"]

    assert selectors
    for selector in selectors:
        assert any(selector.items() <= label.items() for label in labels), selector


def test_every_deployment_may_be_drained(objects):
    budgets = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "PodDisruptionBudget"}
    deployments = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Deployment"}

    assert budgets.keys() == deployments.keys()
    for name, budget in budgets.items():
        assert budget.get("maxUnavailable") == 1 or budget["minAvailable"] < deployments[name]["replicas"]


def test_all_objects_but_the_clusters_own_are_in_the_namespace(objects):
    kinds = {o["kind"] for o in objects if o["metadata"].get("namespace") != "tickets"}

    assert kinds == {"Namespace", "RuntimeClass"}
    # By which CI leaves out what it may not touch.
    assert {o["kind"] for o in objects if o["metadata"]["labels"].get("tickets/scope") == "cluster"} == kinds


def test_the_namespaces_first_rule_allows_nothing(objects):
    policy = named(objects, "NetworkPolicy", "nothing")["spec"]

    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_policy_lets_a_pod_reach_the_nodes_credentials(objects):
    rules = [rule for o in objects if o["kind"] == "NetworkPolicy" for rule in o["spec"].get("egress", [])]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]

    assert blocks
    for block in blocks:
        assert block["cidr"] != "0.0.0.0/0" or "169.254.0.0/16" in block["except"]


def test_no_secret_and_no_emulator_is_in_any_file():
    for path in FOLDER.rglob("*"):
        if path.is_file():
            text = re.sub(r"(?m)^\s*#.*$", "", path.read_text())
            assert not EMULATOR.search(text), path
            assert "kind: Secret" not in text
            assert "secretGenerator" not in text


def test_daemon_is_one_and_never_two_for_a_moment(objects):
    spec = named(objects, "Deployment", "dagster-daemon")["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_warm_workers_are_as_many_as_may_run_at_once():
    objects = variant("eks with both")
    scaler = named(objects, "HorizontalPodAutoscaler", "ticket-processor")["spec"]
    settings = yaml.safe_load(named(objects, "ConfigMap", "dagster")["data"]["dagster.yaml"])

    assert (scaler["minReplicas"], scaler["scaleTargetRef"]["name"]) == (3, "ticket-processor")
    assert "replicas" not in named(objects, "Deployment", "ticket-processor")["spec"]  # it would undo the scaler's
    assert scaler["maxReplicas"] == settings["run_coordinator"]["config"]["max_concurrent_runs"]


def test_shared_models_are_written_by_the_code_servers_preparation_alone():
    found = templates(variant("eks with both"))
    writers = [
        (name, container["name"])
        for name, template in found.items()
        for container in containers(template)
        for mount in container["volumeMounts"]
        if mount["name"] == "models" and not mount.get("readOnly")
    ]

    assert writers == [("code-server", "prepare-models")]
    for template in (found["code-server"], found["ticket-processor"]):
        (volume,) = [volume for volume in template["spec"]["volumes"] if volume["name"] == "models"]
        assert volume["persistentVolumeClaim"]["claimName"] == "models"


def test_a_role_of_aws_is_for_those_alone_who_speak_to_it():
    accounts = [o for o in variant("eks") if o["kind"] == "ServiceAccount"]
    roles = {
        o["metadata"]["name"] for o in accounts if "eks.amazonaws.com/role-arn" in o["metadata"].get("annotations", {})
    }
    with_token = {o["metadata"]["name"] for o in accounts if o.get("automountServiceAccountToken") is not False}

    assert roles == {"ticket-pipeline"}
    assert with_token == {"dagster-daemon", "dagster-webserver"}


def test_a_changed_setting_gives_the_pods_another_map(tmp_path):
    change = {"name": "ticket-settings", "behavior": "merge", "literals": ["TICKETS_BATCH_SIZE=64"]}
    before, after = (
        named(render(tmp_path, [BASE], **more), "ConfigMap", "ticket-settings")["metadata"]["name"]
        for more in ({}, {"configMapGenerator": [change], "namespace": "tickets"})
    )

    assert before != after
