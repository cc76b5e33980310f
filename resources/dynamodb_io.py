"""Items of a DynamoDB table, one current item a record, written in order of age with conditional PutItem calls.

BatchWriteItem knows no conditions, so it could put an older version over a newer one: it is never used.
"""

import dagster as dg
from pydantic import Field

from resources.aws import concurrently
from resources.corrections import computed_item, history, with_history
from resources.dynamodb import DynamoDBTable, Item, to_item
from resources.object_store import S3ObjectStore, WriteConflict
from resources.ordering import TOMBSTONE, Outcome, Record, Rival, Stamp, may_write, retried, source_unchanged
from resources.parquet import column_schema, preview
from resources.parquet_io import body_model


class DynamoDBIOManager(dg.ConfigurableIOManager):
    """Keeps `list[Record[Model]]` as items of a table; Model has the table's hash and range key among its fields.

    A record has one current item: where its range key changes, the new item is put, then the older one deleted.
    """

    table: dg.ResourceDependency[DynamoDBTable]
    sources: dg.ResourceDependency[S3ObjectStore]
    settled_by: dict[str, list[str]] = Field(
        default={}, description="Of each reason to look at an item the attributes whose decision settles it."
    )
    show_text: bool = Field(default=False, description="Whether previews show sensitive fields, masked.")

    def handle_output(self, context: dg.OutputContext, obj: list[Record]) -> None:
        """Write the items that no newer one supersedes."""
        outcomes = concurrently(self.write, obj)
        context.add_output_metadata(
            {
                "dagster/partition_row_count": len(obj),
                "dagster/column_schema": column_schema(body_model(context)),
                "preview": preview([record.body for record in obj], show_text=self.show_text),
                "written": outcomes.count(Outcome.WRITTEN),
                "superseded": outcomes.count(Outcome.SUPERSEDED),
                "dagster/table_name": self.table.name,
            }
        )

    def write(self, record: Record) -> Outcome:
        """Put one record's item unless a newer one stands, and delete its older ones."""
        item = to_item({**record.attributes(), **record.body.model_dump(exclude_none=True)})
        return retried(lambda: self._attempt(record, item))

    def load_input(self, context: dg.InputContext) -> list[Record]:
        """Nothing is computed from the table: it is queried, by its indexes. Raises NotImplementedError."""
        name = context.asset_key.to_user_string()
        raise NotImplementedError(f"{name} is the end of the line: query table {self.table.name} instead")

    def _attempt(self, record: Record, item: Item) -> Outcome:
        standing = self._standing(record)
        newer = [rival for rival in standing if not self._beats(record, rival)]
        if newer:
            for left in (rival for rival in standing if _stamp(rival) == record.stamp):
                self._hand_on(left, newer[0])
                self.table.delete(left)  # by an earlier attempt of ours that was killed before it could settle
            return Outcome.SUPERSEDED
        item = with_history(item, history(standing), self.settled_by)
        same_key = [rival for rival in standing if self._same_key(rival, item)]
        self.table.put(item, same_key[0] if same_key else None)
        return self._settle(record, item)

    def _settle(self, record: Record, own: Item) -> Outcome:
        """Leave one item. Both of two racing writers look after they put, so one of them sees both items."""
        for rival in self._standing(record):
            if self._same_key(rival, own):
                continue
            if not self._beats(record, rival):
                self._hand_on(own, rival)
                self.table.delete(own)
                return Outcome.SUPERSEDED
            if history([own, rival]) != history([own]):
                raise WriteConflict(f"an item of {self.table.name} was decided on before it could be replaced")
            self.table.delete(rival)
        return Outcome.WRITTEN

    def _hand_on(self, left: Item, newer: Item) -> None:
        """Let the newer item have the decisions that `left` alone has; a tombstone takes none."""
        decisions = history([newer, left])
        if decisions != history([newer]) and _stamp(newer) != TOMBSTONE:
            self.table.put(with_history(computed_item(newer), decisions, self.settled_by), newer)

    def _standing(self, record: Record) -> list[Item]:
        return self.table.items(getattr(record.body, self.table.hash_key))

    def _same_key(self, one: Item, other: Item) -> bool:
        return one[self.table.range_key] == other[self.table.range_key]

    def _beats(self, record: Record, rival: Item) -> bool:
        return may_write(record.stamp, Rival(_stamp(rival)), lambda: source_unchanged(self.sources, record))


def _stamp(item: Item) -> Stamp | None:
    return Stamp.parse({name: item[name]["S"] for name in ("stamp", "source-etag") if name in item})
