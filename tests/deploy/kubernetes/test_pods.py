"""The rendered pods, run as processes here: a ticket becomes a record by a Job that the daemon asked Kubernetes for."""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import grpc
import kubernetes_validate
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.conftest import own_settings
from tests.deploy.kubernetes.api_server import ApiServer
from tests.deploy.kubernetes.kubelet import Kubelet
from tests.deploy.kubernetes.manifests import BASE, FOLDER, named, render, templates
from tests.deploy.kubernetes.rules import ANNOTATION, broken
from tests.pipeline.conftest import Pipeline
from tests.pipeline.programs import UP, kill_all
from tests.support import eventually
from ticket_assets.settings import variable
from tickets_cli import databases
from tickets_cli.processes import ManagedProcess, ProcessFailed

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")
VERBS = {"POST": "create", "DELETE": "delete"}  # a GET is a get of one, a list of many


@dataclass
class Cluster:
    """Code server and daemon are up; `api` runs the Jobs that it is sent."""

    objects: list[dict]
    kubelet: Kubelet
    api: ApiServer
    pipeline: Pipeline
    postgres: str
    processes: list[ManagedProcess] = field(default_factory=list)

    def start(self, name: str) -> ManagedProcess:
        self.processes.append(self.kubelet.start(name, templates(self.objects)[name]))
        return self.processes[-1]

    def run(self, job: dict) -> None:
        """What the Job controller and a node do with a Job."""
        name, template = job["metadata"]["name"], job["spec"]["template"]
        process = self.kubelet.start(name, template)
        self.processes.append(process)
        process.ended_within(UP)
        self.api.ended(name, phase="Succeeded" if process.exit_code == 0 else "Failed")

    def probe(self, template: dict) -> int:
        """What the code server's readiness probe gets."""
        probe = template["spec"]["containers"][0]["readinessProbe"]["grpc"]
        assert probe["port"] == 4000
        with grpc.insecure_channel(f"127.0.0.1:{self.kubelet.grpc_port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                request = health_pb2.HealthCheckRequest(service=probe["service"])
                return stub.Check(request, timeout=5).status  # pyright: ignore[reportAttributeAccessIssue]
            except grpc.RpcError:
                return health_pb2.HealthCheckResponse.UNKNOWN


@pytest.fixture(scope="module")
def place():
    """A directory that the user who runs Postgres can reach."""
    made = Path(tempfile.mkdtemp(prefix="kube-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres(place):
    try:
        databases.find("postgres", "postgresql")
    except ProcessFailed as error:
        pytest.skip(str(error))
    server = databases.start_postgres(place / "postgres", place / "postgres.log")
    yield databases.postgres_url(place / "postgres")
    server.stop()


@pytest.fixture(scope="module")
def preparation(place):
    """The models are converted while the rest starts; the Job's own preparation waits for it, or finds it done."""
    command = [str(Path(sys.executable).with_name("tickets")), "models", "prepare"]
    process = ManagedProcess("preparation", command, os.environ, place / "preparation.log")
    yield
    process.stop()


@pytest.fixture(scope="module")
def cluster(preparation, aws_endpoint, place, postgres):
    settings = own_settings()
    literals = [f"{variable(name)}={getattr(settings, name)}" for name in NAMES] + ["TICKETS_BATCH_WINDOW_SECONDS=1"]
    generator = {"name": "ticket-settings", "behavior": "merge", "literals": literals}
    (place / "overlay").mkdir()
    objects = render(place / "overlay", [BASE], namespace="tickets", configMapGenerator=[generator])
    role = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    api = ApiServer(lambda job: made.run(job))  # noqa: PLW0108 - made below
    kubelet = Kubelet(
        objects,
        place,
        secrets={"tickets-postgres/url": postgres},
        role=role,
        kubeconfig=api.kubeconfig(place / "kubeconfig"),
        models=Path(os.environ["MODEL_CACHE_DIR"]),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        made = Cluster(objects, kubelet, api, Pipeline(settings, instance), postgres)
        code_server = made.start("code-server")
        serving = health_pb2.HealthCheckResponse.SERVING
        code_server.wait_until(lambda: made.probe(templates(objects)["code-server"]) == serving, UP)
        made.start("dagster-daemon")
        yield made
        for process in made.processes[::-1]:
            process.stop(0)  # nothing of it is looked at again
        api.close()
        assert eventually(lambda: kill_all(place / "code-server"))


@pytest.fixture(scope="module")
def job(cluster) -> dict:
    """The Job of the batch of a ticket, whose item is there by then."""
    cluster.pipeline.put("T-kube", body="I cannot log in and nobody answers me. This is unacceptable, please help me.")
    items = eventually(lambda: cluster.pipeline.items("T-kube"), UP)
    assert items, "\n".join(path.read_text()[-3000:] for path in cluster.kubelet.place.glob("*.log"))
    (sent,) = [job for job in cluster.api.jobs.values() if items[0]["batch"] in str(job)] or [None]
    return sent or next(iter(cluster.api.jobs.values()))


def test_a_ticket_goes_through_a_job_of_kubernetes(cluster, job):
    (item,) = cluster.pipeline.items("T-kube")

    assert cluster.pipeline.record("T-kube")["enrichment"]["model_version"] == item["model_version"]
    assert eventually(lambda: cluster.api.jobs[job["metadata"]["name"]]["status"] == {"succeeded": 1}, UP)


def test_the_job_is_what_kubernetes_takes_and_keeps_to_the_rules_of_pods(cluster, job):
    sent = {key: value for key, value in job.items() if key != "status"}

    kubernetes_validate.validate(sent, "1.33", strict=True)
    assert broken(sent["spec"]["template"]) == []
    assert sent["spec"]["backoffLimit"] == 0


def test_the_job_has_its_code_servers_environment_and_settings(cluster, job):
    template, server = job["spec"]["template"], templates(cluster.objects)["code-server"]
    (container,) = template["spec"]["containers"]
    settings = named(cluster.objects, "ConfigMap", "ticket-settings")["metadata"]["name"]

    assert template["metadata"]["annotations"][ANNOTATION] == server["metadata"]["annotations"][ANNOTATION]
    assert {"configMapRef": {"name": settings}} in container["envFrom"]
    assert template["spec"]["initContainers"][0]["envFrom"] == [{"configMapRef": {"name": settings}}]


def test_no_secret_is_in_the_job(cluster, job):
    assert cluster.postgres not in json.dumps(job)
    assert "TICKETS_POSTGRES_URL" in json.dumps(job)


def test_the_daemon_asks_kubernetes_for_what_its_role_allows_and_knows_nothing_of_aws(cluster, job):
    documents = list(yaml.safe_load_all((FOLDER / "base/accounts.yaml").read_text()))
    bound = [
        d["roleRef"]["name"]
        for d in documents
        if d["kind"] == "RoleBinding" and "dagster-daemon" in [subject["name"] for subject in d["subjects"]]
    ]
    allowed = {
        (verb, resource)
        for d in documents
        if d["kind"] == "Role" and d["metadata"]["name"] in bound
        for rule in d["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    asked = {
        (VERBS.get(method, "get" if "/" in resource else "list"), resource) for method, resource in cluster.api.calls
    }

    assert ("create", "jobs") in asked
    assert asked <= allowed
    daemon = templates(cluster.objects)["dagster-daemon"]["spec"]["serviceAccountName"]
    assert daemon == "dagster-daemon"
