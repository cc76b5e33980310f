"""Full records: one JSON object a record, written in order of age, so that an older version never replaces a newer."""

from contextlib import suppress

import dagster as dg
from pydantic import BaseModel, Field, PrivateAttr

from resources.aws import concurrently
from resources.fencing import put_fenced
from resources.object_store import ObjectMissing, S3ObjectStore, WriteConflict
from resources.ordering import Outcome, Record, Rival, Stamp, is_tombstone, may_write, retried, source_unchanged
from resources.parquet import column_schema, from_parquet, to_parquet
from resources.parquet_io import CONTENT_TYPE, body_model, file_key, row_model


class Receipt(BaseModel):
    """What became of one record of a partition."""

    key: str
    outcome: str


class S3RecordIOManager(dg.ConfigurableIOManager):
    """Keeps `list[Record[Model]]`, each record as the object of its key, and a receipt for the partition.

    Reading gives the records that this run wrote itself, and of all others those that stand, which may be newer than
    those that the partition's run had.
    """

    records: dg.ResourceDependency[S3ObjectStore]
    sources: dg.ResourceDependency[S3ObjectStore]
    receipts: dg.ResourceDependency[S3ObjectStore]
    prefix: str = Field(default="assets", description="Receipts lie at <prefix>/<asset>/<partition>.parquet.")
    _written: dict[str, list[Record]] = PrivateAttr(default_factory=dict)  # in this run, whose own copy this is

    def handle_output(self, context: dg.OutputContext, obj: list[Record]) -> None:
        """Write the records that no newer one supersedes, then the receipt. Raises Fenced."""
        outcomes = concurrently(self.write, obj)
        receipts = [Receipt(key=record.key, outcome=outcome) for record, outcome in zip(obj, outcomes, strict=True)]
        path = file_key(self.prefix, context)
        put_fenced(context, self.receipts, path, to_parquet(Receipt, receipts), CONTENT_TYPE)
        self._written[path] = [r for r, outcome in zip(obj, outcomes, strict=True) if outcome is Outcome.WRITTEN]
        context.add_output_metadata(
            {
                "dagster/partition_row_count": len(obj),
                "dagster/column_schema": column_schema(body_model(context)),
                "written": outcomes.count(Outcome.WRITTEN),
                "superseded": outcomes.count(Outcome.SUPERSEDED),
                "path": dg.MetadataValue.path(f"s3://{self.records.bucket}/"),
            }
        )

    def write(self, record: Record) -> Outcome:
        """Write one record unless a newer one stands. Most are new: what stands is asked where something does."""
        body = record.body.model_dump_json().encode()

        def attempt() -> Outcome:
            standing = self.records.head(record.key)
            rival = standing and Rival(Stamp.parse(standing.metadata))
            if not may_write(record.stamp, rival, lambda: source_unchanged(self.sources, record)):
                return Outcome.SUPERSEDED
            self.records.put(
                record.key,
                body,
                metadata=record.attributes(),
                if_absent=standing is None,
                if_etag=standing.etag if standing else None,
            )
            return Outcome.WRITTEN

        with suppress(WriteConflict):
            self.records.put(record.key, body, metadata=record.attributes(), if_absent=True)
            return Outcome.WRITTEN
        return retried(attempt)

    def load_input(self, context: dg.InputContext) -> list[Record]:
        """The partition's records in its order, tombstones left out. Raises ObjectMissing, naming the key."""
        path = file_key(self.prefix, context)
        keys = [row.key for row in from_parquet(Receipt, self.receipts.get(path).body)]
        own = {record.key: record for record in self._written.get(path, [])}
        model, others = row_model(context), [key for key in keys if key not in own]
        for key, stored in zip(others, self.records.find_many(others), strict=True):
            if stored is None:
                raise ObjectMissing(f"s3://{self.records.bucket}/{key} is gone since its batch wrote it")
            if not is_tombstone(stored.info.metadata):
                own[key] = model.restore(key, stored.info.metadata, stored.body)
        return [own[key] for key in keys if key in own]
