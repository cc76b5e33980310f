"""What Dagster loads: quickly, completely, under one policy."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from resources.models.pretrained_role import PretrainedRole
from ticket_assets.assets.pipeline_report import pipeline_report
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
    "lance",
    "lancedb",
    "streamlit",
    "py3langid",
    "vaderSentiment",
}


@pytest.mark.parametrize(
    ("named", "read"),
    [
        ("o/n", ("o/n", None)),
        ("o/n@0123abc", ("o/n", "0123abc")),
        ("{here}/my@model", ("{here}/my@model", None)),
    ],
)
def test_a_models_name_may_say_its_revision(tmp_path, named, read):
    (tmp_path / "my@model").mkdir()
    named, source = (text.format(here=tmp_path) for text in (named, read[0]))
    models = build_models(Settings(models="distilled", sentiment_model=named, summarizer=named))
    for role in (models.sentiment, models.summarizer):
        assert isinstance(role, PretrainedRole)
        assert (role.source, role.revision) == (source, read[1])


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
        "waiting_tickets_sensor",
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


def test_a_backfill_of_any_asset_or_of_all_is_a_run_a_batch():
    one = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
    assert build_definitions().resolve_job_def("enrich_tickets").backfill_policy == one
    for asset in ASSETS:
        some = dg.Definitions(jobs=[dg.define_asset_job("some", selection=[asset])])
        assert dg.Definitions.merge(build_definitions(), some).resolve_job_def("some").backfill_policy == one


@pytest.mark.parametrize("asset", [ticket_books, pipeline_report], ids=["books", "report"])
def test_the_books_and_the_report_are_under_the_policy_but_for_partitions_and_group(asset):
    (spec,) = asset.specs
    assert spec.owners == ["team:support-platform"]
    assert spec.kinds
    assert spec.code_version
    assert len(spec.description or "") > 50
    assert spec.group_name == "ticket_books"
    assert asset.partitions_def is None


def code_links(**changed) -> dict[str, str]:
    graph = build_definitions(settings=Settings(**changed)).resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    found = {key.path[0]: graph.get(key).metadata["dagster/code_references"].code_references for key in keys}
    return {name: references[-1].source for name, references in found.items()}


def test_each_asset_leads_to_its_code_here_or_in_the_repository_that_a_setting_names():
    here = code_links()
    assert set(here) == {asset.key.path[0] for asset in [*ASSETS, ticket_books, pipeline_report]}
    for name, source in here.items():
        path, _, line = source.rpartition(":")
        assert path.endswith(f"ticket_assets/assets/{name}.py")
        assert "@ticket_asset(" in Path(path).read_text().splitlines()[int(line) - 1]

    there = code_links(source_url="https://github.com/acme/tickets", source_revision="v1")
    base = "https://github.com/acme/tickets/tree/v1/ticket_assets/assets"
    assert there["raw_tickets"].partition("#")[0] == f"{base}/raw_tickets.py"


def test_every_check_says_what_it_claims():
    graph = build_definitions().resolve_asset_graph()
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert {spec.name for spec in specs} >= {
        "vectors_are_finite_unit_vectors",
        "labels_lie_in_the_taxonomy",
        "every_ticket_is_accounted_for",
        "the_books_balance",
        "no_ticket_waits_too_long",
    }
    assert all(len(spec.description or "") > 40 for spec in specs)


def test_the_books_are_made_daily_and_a_setting_changes_when(monkeypatch):
    (schedule,) = build_definitions().get_repository_def().schedule_defs
    assert schedule.job_name == "reconcile_tickets"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * *", "UTC")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING

    monkeypatch.setenv("TICKETS_RECONCILE_SCHEDULE", "*/5 * * * *")
    (schedule,) = build_definitions().get_repository_def().schedule_defs
    assert schedule.cron_schedule == "*/5 * * * *"


def test_the_job_of_the_books_makes_them_and_then_the_report():
    job = build_definitions().resolve_job_def("reconcile_tickets")
    assert set(job.asset_layer.executable_asset_keys) == {ticket_books.key, pipeline_report.key}
    assert job.asset_layer.get(pipeline_report.key).parent_keys == {ticket_books.key}


def test_the_model_version_changes_with_the_profile_and_with_a_label_file(tmp_path):
    default = Settings()
    for name in ("intent", "urgency", "sentiment"):
        text = (default.labels_dir / f"{name}.yaml").read_text()
        (tmp_path / f"{name}.yaml").write_text(text.replace("password", "pass word"))
    edited = default.model_copy(update={"labels_dir": tmp_path})
    versions = {build_models(settings).version for settings in (default, edited)}
    assert len(versions) == 2
    assert all(version.isascii() for version in versions)
