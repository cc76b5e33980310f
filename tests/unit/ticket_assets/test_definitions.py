"""What Dagster loads: quickly, completely, under one policy."""

import json
import subprocess
import sys

import dagster as dg
import pytest

from ticket_assets.assets.ticket_books import ticket_books
from ticket_assets.definitions import ASSETS, build_definitions, build_models
from ticket_assets.settings import Settings

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "ctranslate2",
    "sklearn",
    "scipy",
    "lancedb",
    "streamlit",
    "py3langid",
    "vaderSentiment",
}


def test_loading_the_definitions_in_a_fresh_interpreter_imports_no_model_library():
    code = "import json, sys, ticket_assets.definitions; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert "dagster" in loaded
    assert set(loaded) & HEAVY == set()


def test_the_definitions_are_valid_and_name_job_and_sensors():
    definitions = build_definitions()
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    assert repository.has_job("enrich_tickets")
    assert repository.has_job("reconcile_tickets")
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "ticket_queue_sensor",
        "batch_failure_sensor",
        "partition_pruning_sensor",
    }
    assert {sensor.default_status for sensor in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.key.to_user_string())
def test_each_asset_is_under_the_policy(asset):
    (spec,) = asset.specs
    assert spec.group_name == "ticket_enrichment"
    assert spec.owners == ["team:support-platform"]
    assert spec.kinds
    assert spec.code_version
    assert len(spec.description or "") > 50
    assert isinstance(asset.partitions_def, dg.DynamicPartitionsDefinition)


def test_the_job_runs_all_assets_in_one_process_and_retries_them_all():
    job = build_definitions().resolve_job_def("enrich_tickets")
    assert set(job.asset_layer.executable_asset_keys) == {asset.key for asset in ASSETS}
    assert job.executor_def.name == dg.in_process_executor.name
    assert job.tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_the_books_are_under_the_policy_but_for_partitions_and_group():
    (spec,) = ticket_books.specs
    assert spec.owners == ["team:support-platform"]
    assert spec.kinds
    assert spec.code_version
    assert len(spec.description or "") > 50
    assert spec.group_name == "ticket_books"
    assert ticket_books.partitions_def is None


def test_the_books_are_made_daily_and_a_setting_changes_when(monkeypatch):
    (schedule,) = build_definitions().get_repository_def().schedule_defs
    assert schedule.job_name == "reconcile_tickets"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * *", "UTC")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING

    monkeypatch.setenv("TICKETS_RECONCILE_SCHEDULE", "*/5 * * * *")
    (schedule,) = build_definitions().get_repository_def().schedule_defs
    assert schedule.cron_schedule == "*/5 * * * *"


def test_the_job_of_the_books_selects_them_alone():
    job = build_definitions().resolve_job_def("reconcile_tickets")
    assert set(job.asset_layer.executable_asset_keys) == {ticket_books.key}


def test_the_model_version_changes_with_the_profile_and_with_a_label_file(tmp_path):
    default = Settings()
    for name in ("intent", "urgency", "sentiment"):
        text = (default.labels_dir / f"{name}.yaml").read_text()
        (tmp_path / f"{name}.yaml").write_text(text.replace("password", "pass word"))
    edited = default.model_copy(update={"labels_dir": tmp_path})
    versions = {build_models(settings).version for settings in (default, edited)}
    assert len(versions) == 2
    assert all(version.isascii() for version in versions)
