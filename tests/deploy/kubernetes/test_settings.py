"""The dagster.yaml of each variant is one that Dagster takes, and differs from the project's own where it says so."""

import pytest
import yaml
from dagster._config import process_config
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s.launcher import K8sRunLauncher

from resources.pod_run_launcher import PodRunLauncher
from resources.workers.run_launcher import VISIBILITY_SECONDS, WarmRunLauncher
from tests.deploy.kubernetes.manifests import named, variant
from tickets_cli.layout import PROJECT

OWN = {"storage", "compute_logs", "run_coordinator", "run_launcher", "run_monitoring"}  # what a pod needs otherwise


def settings(name: str) -> dict:
    return yaml.safe_load(named(variant(name), "ConfigMap", "dagster")["data"]["dagster.yaml"])


@pytest.fixture(params=["base", "eks with warm workers"])
def found(request) -> dict:
    return settings(request.param)


@pytest.fixture
def launcher() -> dict:
    return settings("base")["run_launcher"]["config"]


def test_dagster_takes_the_launchers_section(launcher, monkeypatch):
    monkeypatch.setenv("TICKETS_NAMESPACE", "tickets")

    result = process_config(K8sRunLauncher.config_type(), launcher)

    assert result.success, result.errors


def test_dagster_does_not_take_a_misspelt_launchers_section(launcher):
    wrong = {**launcher, "run_k8s_config": {"pod_specs": {}}, "service_account": "x"}

    errors = process_config(K8sRunLauncher.config_type(), wrong).errors

    assert errors
    assert "pod_specs" in str(errors)


def test_dagster_takes_the_whole_file(found, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump(found))

    config, _ = dagster_instance_config(str(home))

    assert config["run_coordinator"] == found["run_coordinator"]


def test_the_launchers_are_what_the_files_name():
    sections = [settings(name)["run_launcher"] for name in ("base", "eks with warm workers")]
    modules = {section["class"]: section["module"] for section in sections}

    assert modules == {c.__name__: c.__module__ for c in (PodRunLauncher, WarmRunLauncher)}


def test_the_rest_is_the_projects_own_file(found):
    project = yaml.safe_load((PROJECT / "dagster.yaml").read_text())

    assert {name: section for name, section in found.items() if name not in OWN} == {
        name: section for name, section in project.items() if name not in OWN
    }
    assert found["run_coordinator"]["config"].keys() == project["run_coordinator"]["config"].keys()
    for section in ("run_coordinator", "run_monitoring"):
        assert found[section].keys() >= project[section].keys()
    assert found["run_monitoring"]["max_runtime_seconds"] == project["run_monitoring"]["max_runtime_seconds"]


def test_no_waiting_task_comes_again_before_its_run_is_given_up():
    monitoring = settings("eks with warm workers")["run_monitoring"]

    assert monitoring["start_timeout_seconds"] + monitoring["max_runtime_seconds"] < VISIBILITY_SECONDS
