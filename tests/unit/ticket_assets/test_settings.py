from pathlib import Path

import pytest

from ticket_assets.settings import Settings, SettingsError, load_settings, variable


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


def test_without_any_variable_the_names_are_the_contracts():
    settings = load_settings()

    assert (settings.raw_bucket, settings.enriched_bucket) == ("tickets-raw", "tickets-enriched")
    assert settings.pipeline_bucket == "tickets-pipeline"
    assert (settings.queue, settings.dead_letter_queue) == ("ticket-processing-queue", "ticket-processing-dlq")
    assert settings.table == "tickets-metadata"


@pytest.mark.parametrize(
    "field", ["raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table"]
)
def test_every_name_can_be_changed_by_its_variable(monkeypatch, field):
    monkeypatch.setenv(f"TICKETS_{field.upper()}", "another-name")

    assert getattr(load_settings(), field) == "another-name"


def test_the_models_cache_is_set_by_a_variable_without_the_prefix(monkeypatch):
    monkeypatch.setenv("MODEL_CACHE_DIR", "/somewhere")

    assert load_settings().model_cache_dir == Path("/somewhere")
    assert variable("model_cache_dir") == "MODEL_CACHE_DIR"


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("TICKETS_RAW_BUCKET", "Not_A_Bucket", "3 to 63"),
        ("TICKETS_RAW_BUCKET", "bucket\n", "3 to 63"),
        ("TICKETS_QUEUE", "", "1 to 80"),
        ("TICKETS_TABLE", "t", "3 to 255"),
        ("TICKETS_MODELS", "large", "embedded or distilled"),
        ("TICKETS_BATCH_SIZE", "257", "1 to 256"),
        ("TICKETS_BATCH_SIZE", "0", "1 to 256"),
        ("TICKETS_BATCH_SIZE", "many", "1 to 256"),
        ("TICKETS_BATCH_WINDOW_SECONDS", "21", "0 to 20"),
        ("TICKETS_BATCH_WINDOW_SECONDS", "nan", "0 to 20"),
        ("TICKETS_MAX_PENDING_BATCHES", "0", "1 to 1000"),
        ("TICKETS_PARTITION_RETENTION_DAYS", "0", "1 to 3650"),
        ("TICKETS_MAX_PARTITIONS", "100001", "1 to 100000"),
        ("TICKETS_ASSETS_RETENTION_DAYS", "14", "more than TICKETS_PARTITION_RETENTION_DAYS"),
        ("TICKETS_MAX_WAIT_SECONDS", "0", "1 or more"),
        ("TICKETS_SOURCE_URL", "https://example.com/tickets", "at GitHub or GitLab"),
        ("TICKETS_RECONCILE_SCHEDULE", "at four", "cron expression of five fields, in UTC"),
        ("TICKETS_RECONCILE_SCHEDULE", "", "cron expression of five fields, in UTC"),
        ("TICKETS_RECONCILE_SCHEDULE", "61 4 * * *", "cron expression of five fields, in UTC"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_variables_name_and_what_it_accepts(monkeypatch, name, value, accepts):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{name}={value!r}")
    assert accepts in line


def test_files_between_assets_must_outlive_partitions_also_by_their_default(monkeypatch):
    monkeypatch.setenv("TICKETS_PARTITION_RETENTION_DAYS", "30")
    with pytest.raises(SettingsError, match="30 days are not more than the 30 that partitions are kept"):
        load_settings()

    monkeypatch.setenv("TICKETS_ASSETS_RETENTION_DAYS", "31")
    assert load_settings().assets_retention_days == 31


def test_each_of_several_bad_values_has_its_line(monkeypatch):
    monkeypatch.setenv("TICKETS_QUEUE", "a queue")
    monkeypatch.setenv("TICKETS_BATCH_SIZE", "-1")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert {line.split("=")[0] for line in str(caught.value).splitlines()} == {"TICKETS_QUEUE", "TICKETS_BATCH_SIZE"}


def test_variables_that_are_no_settings_are_ignored(monkeypatch):
    monkeypatch.setenv("TICKETS_ENGINE", "torch")

    assert load_settings() == Settings()  # pyright: ignore[reportCallIssue] - every field has a default


def test_every_setting_says_what_it_accepts():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
