"""The only wiring: which implementation plays which role, and which store each asset writes to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from resources.dynamodb import DynamoDBTable
from resources.dynamodb_io import DynamoDBIOManager
from resources.ending import end_at_once
from resources.models.bart_summarizer import BartSummarizer
from resources.models.bert_embedder import BertEmbedder
from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.ctranslate2_sentiment import CTranslate2Sentiment
from resources.models.ctranslate2_summarizer import CTranslate2Summarizer
from resources.models.distilbert_sentiment import DistilBertSentiment
from resources.models.example_classifier import ExampleClassifier
from resources.models.extractive_summarizer import ExtractiveSummarizer
from resources.models.head_sentiment import HeadSentiment
from resources.models.roles import Embedder, SentimentModel, Summarizer
from resources.models.suite import ModelSuite
from resources.models.torch_embedder import TorchEmbedder
from resources.models.torch_sentiment import TorchSentiment
from resources.models.torch_summarizer import TorchSummarizer
from resources.object_store import S3ObjectStore
from resources.parquet_io import S3ParquetIOManager
from resources.queue import SqsQueue
from resources.record_io import S3RecordIOManager
from sensors.batch_failure_sensor import build_batch_failure_sensor
from sensors.partition_pruning_sensor import build_partition_pruning_sensor
from sensors.ticket_queue_sensor import build_ticket_queue_sensor
from sensors.waiting_tickets_sensor import build_waiting_tickets_sensor
from ticket_assets.assets.classified_tickets import classified_tickets
from ticket_assets.assets.code_links import with_code_links
from ticket_assets.assets.embedded_tickets import embedded_tickets
from ticket_assets.assets.enriched_tickets import enriched_tickets
from ticket_assets.assets.freshness import no_ticket_waits_too_long
from ticket_assets.assets.pipeline_report import pipeline_report
from ticket_assets.assets.raw_tickets import raw_tickets
from ticket_assets.assets.summarized_tickets import summarized_tickets
from ticket_assets.assets.ticket_books import ticket_books
from ticket_assets.assets.ticket_metadata import ticket_metadata
from ticket_assets.assets.ticket_search_index import ticket_search_index
from ticket_assets.domain.classification import URGENCIES
from ticket_assets.domain.doubts import SETTLED_BY
from ticket_assets.jobs import enrich_tickets, reconcile_schedule, reconcile_tickets
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.search_index import SearchIndex

ASSETS = [
    raw_tickets,
    embedded_tickets,
    classified_tickets,
    summarized_tickets,
    enriched_tickets,
    ticket_metadata,
    ticket_search_index,
]


class Engine(NamedTuple):
    """Who plays the roles over pretrained weights."""

    embedder: type[BertEmbedder]
    sentiment: type[DistilBertSentiment]
    summarizer: type[BartSummarizer]


ENGINES = {
    "ctranslate2": Engine(CTranslate2Embedder, CTranslate2Sentiment, CTranslate2Summarizer),
    "torch": Engine(TorchEmbedder, TorchSentiment, TorchSummarizer),
}


def build_definitions(overrides: Mapping[str, Any] | None = None, settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster loads; `overrides` replace resources by key, as tests do with fakes."""
    settings = settings or load_settings()
    return dg.Definitions(
        assets=with_code_links([*ASSETS, ticket_books, pipeline_report], settings.source_url, settings.source_revision),
        asset_checks=[no_ticket_waits_too_long],
        jobs=[enrich_tickets, reconcile_tickets],
        schedules=[reconcile_schedule(settings.reconcile_schedule)],
        sensors=[
            build_ticket_queue_sensor(enrich_tickets, settings),
            build_batch_failure_sensor(enrich_tickets),
            build_partition_pruning_sensor(settings),
            build_waiting_tickets_sensor(settings),
        ],
        resources={
            **build_stores(settings),
            "models": build_models(settings),
            "max_wait_seconds": settings.max_wait_seconds,
            **(overrides or {}),
        },
        executor=dg.in_process_executor,
    )


def build_stores(settings: Settings) -> dict[str, Any]:
    """The queue, the stores, the search index, the IO managers and whether they show text, by resource key."""
    raw, records = S3ObjectStore(bucket=settings.raw_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
    pipeline = S3ObjectStore(bucket=settings.pipeline_bucket)
    table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
    return {
        "queue": SqsQueue(name=settings.queue),
        "dead_letter_queue": SqsQueue(name=settings.dead_letter_queue),
        "raw_store": raw,
        "record_store": records,
        "pipeline_store": pipeline,
        "table": table,
        "search_index": SearchIndex(settings.pipeline_bucket),
        "show_text": settings.show_text,
        "rows_io": S3ParquetIOManager(store=pipeline, show_text=settings.show_text),
        "records_io": S3RecordIOManager(records=records, sources=raw, receipts=pipeline),
        "items_io": DynamoDBIOManager(table=table, sources=raw, settled_by=SETTLED_BY, show_text=settings.show_text),
    }


def build_models(settings: Settings) -> ModelSuite:
    """The roles as the profile TICKETS_MODELS casts them, over weights that TICKETS_ENGINE runs."""
    cache = str(settings.model_cache_dir.expanduser())
    embedder = ENGINES[settings.engine].embedder(
        source=settings.embedder, cache_dir=cache, keeps_states=settings.models == "embedded"
    )

    def classifier(name: str) -> ExampleClassifier:
        return ExampleClassifier(
            label_file=str(settings.labels_dir / f"{name}.yaml"),
            embedder=embedder,
            cache_dir=cache,
            by_nearest=name == "intent",
            known=[*URGENCIES] if name == "urgency" else [],
        )

    sentiment, summarizer = _profile(settings, embedder, cache)
    return ModelSuite(
        profile=settings.models,
        embedder=embedder,
        intent=classifier("intent"),
        urgency=classifier("urgency"),
        sentiment=sentiment,
        summarizer=summarizer,
    )


def _profile(settings: Settings, embedder: Embedder, cache: str) -> tuple[SentimentModel, Summarizer]:
    if settings.models == "distilled":
        engine = ENGINES[settings.engine]
        return (
            engine.sentiment(**_pinned(settings.sentiment_model), cache_dir=cache),
            engine.summarizer(**_pinned(settings.summarizer), cache_dir=cache),
        )
    examples = str(settings.labels_dir / "sentiment.yaml")
    return (
        HeadSentiment(label_file=examples, embedder=embedder, cache_dir=cache),
        ExtractiveSummarizer(embedder=embedder),
    )


def _pinned(model: str) -> dict[str, str]:
    """Source and revision of "owner/name@revision"; a directory is a source whatever its name."""
    source, _, revision = model.rpartition("@")
    pinned = source and revision and not Path(model).expanduser().is_dir()
    return {"source": source, "revision": revision} if pinned else {"source": model}


end_at_once()  # of code servers and of each run's process
defs = build_definitions()
