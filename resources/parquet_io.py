"""Rows between assets: one Parquet file a partition of an asset, typed by the pydantic model that the asset names."""

from collections.abc import Sequence
from typing import Any, get_args

import dagster as dg
from pydantic import BaseModel, Field

from resources.fencing import put_fenced
from resources.object_store import ObjectMissing, S3ObjectStore
from resources.parquet import column_schema, from_parquet, preview, to_parquet

CONTENT_TYPE = "application/vnd.apache.parquet"


class S3ParquetIOManager(dg.ConfigurableIOManager):
    """Keeps `list[Model]` of any pydantic model; the model is read from the asset's type, never from the data."""

    store: dg.ResourceDependency[S3ObjectStore]
    prefix: str = Field(default="assets", description="Files lie at <prefix>/<asset>/<partition>.parquet.")
    show_text: bool = Field(default=False, description="Whether previews show sensitive fields, masked.")

    def handle_output(self, context: dg.OutputContext, obj: Sequence[BaseModel]) -> None:
        """Write the rows and add their count, schema and first lines to the materialization. Raises Fenced."""
        model, key = row_model(context), file_key(self.prefix, context)
        body = to_parquet(model, obj)
        put_fenced(context, self.store, key, body, CONTENT_TYPE)
        context.add_output_metadata(
            {
                "dagster/partition_row_count": len(obj),
                "dagster/column_schema": column_schema(model),
                "preview": preview(obj, show_text=self.show_text),
                "path": dg.MetadataValue.path(f"s3://{self.store.bucket}/{key}"),
                "bytes": len(body),
            }
        )

    def load_input(self, context: dg.InputContext) -> list[BaseModel]:
        """Read the rows. Raises ObjectMissing, naming the file and what makes it."""
        key = file_key(self.prefix, context)
        stored = self.store.find(key)
        if stored is None:
            asset = context.asset_key.to_user_string()
            raise ObjectMissing(
                f"s3://{self.store.bucket}/{key} does not exist: materialize {asset} for this partition"
            )
        return from_parquet(row_model(context), stored.body)


def file_key(prefix: str, context: dg.OutputContext | dg.InputContext) -> str:
    """Where the file of an asset's partition lies."""
    return f"{prefix}/{'/'.join(context.asset_key.path)}/{context.asset_partition_key}.parquet"


def row_model(context: dg.OutputContext | dg.InputContext) -> Any:
    """The model of an asset that is typed `list[Model]`. Raises TypeError for any other type."""
    (model,) = get_args(context.dagster_type.typing_type) or (None,)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        name = context.asset_key.to_user_string()
        raise TypeError(f"asset {name} is kept as rows: give it the type list[Model], Model a pydantic model")
    return model


def body_model(context: dg.OutputContext) -> type[BaseModel]:
    """The model of the bodies of an asset that is typed `list[Record[Model]]`."""
    return row_model(context).model_fields["body"].annotation
