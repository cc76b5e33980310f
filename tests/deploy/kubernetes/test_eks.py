"""The cluster's file and the manifests speak of the same runtime, label, account and role."""

import json
import subprocess
import tomllib

import pytest
import yaml

from tests.deploy.kubernetes.manifests import FOLDER, named, variant
from tests.deploy.policies import ROLES

CLUSTER = FOLDER.parent / "eks/cluster.yaml"
RUNTIME = {
    "runtime_type": "io.containerd.runc.v2",
    "runtime_path": "/usr/local/bin/containerd-shim-flox-v2",
    "pod_annotations": ["flox.dev/*"],
    "container_annotations": ["flox.dev/*"],
    "options": {"SystemdCgroup": True},
}


@pytest.fixture(scope="module")
def cluster() -> dict:
    return yaml.safe_load(CLUSTER.read_text())


@pytest.fixture(scope="module")
def objects() -> list[dict]:
    return variant("eks")


def test_a_nodes_containerd_has_the_runtime_that_the_class_names(cluster, objects):
    (group,) = cluster["managedNodeGroups"]
    node = yaml.safe_load(group["overrideBootstrapCommand"])
    runtime = named(objects, "RuntimeClass", "flox")

    plugins = tomllib.loads(node["spec"]["containerd"]["config"])["plugins"]

    assert (node["apiVersion"], node["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    # As containerd 1.7 calls the plugin, and as 2 does.
    assert plugins.keys() == {"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"}
    for plugin in plugins.values():
        assert plugin == {"containerd": {"runtimes": {runtime["handler"]: RUNTIME}}}
    assert runtime["scheduling"]["nodeSelector"].items() <= group["labels"].items()


def test_what_a_node_runs_first_is_a_script_that_a_shell_takes(cluster):
    (group,) = cluster["managedNodeGroups"]
    (script,) = group["preBootstrapCommands"]

    subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=10)
    assert "flox activate -r flox/containerd-shim-flox-installer --trust -- true" in script.splitlines()


def test_every_account_with_a_role_gets_it_from_the_cluster_with_one_policy_of_ours(cluster, objects):
    accounts = {
        o["metadata"]["name"]: o["metadata"].get("annotations", {}) for o in objects if o["kind"] == "ServiceAccount"
    }
    wanted = {name: a["eks.amazonaws.com/role-arn"] for name, a in accounts.items() if a}
    made = {}
    for entry in cluster["iam"]["serviceAccounts"]:
        (policy,) = entry["attachPolicyARNs"]
        account, _, name = policy.rpartition(":policy/")
        assert entry["roleOnly"]
        assert entry["metadata"]["namespace"] == "tickets"
        assert name.removeprefix("tickets-") in ROLES
        made[entry["metadata"]["name"]] = f"{account}:role/{entry['roleName']}"

    assert made == wanted


def test_network_policies_are_enforced_and_pods_do_not_reach_the_nodes_role(cluster):
    (network,) = [addon for addon in cluster["addons"] if addon["name"] == "vpc-cni"]

    assert json.loads(network["configurationValues"])["enableNetworkPolicy"] == "true"
    assert all(group["disablePodIMDS"] for group in cluster["managedNodeGroups"])
