"""Rows of one pydantic model as a Parquet file that DuckDB, Polars or Athena read too; typed, never pickled.

A list of floats of a fixed length becomes a fixed-size list of float32, a nested model a struct.
"""

import io
import re
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types
import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from resources.aws import in_groups
from resources.display import disclosed, is_sensitive, plain

ROWS_AT_ONCE = 32  # that Arrow holds besides the rows themselves: each may have a text of 1 MiB
Row = TypeVar("Row", bound=BaseModel)
MARKDOWN = re.compile(r"([\\`*_\[\]<>|#!~&])")
SCALARS: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def schema_of(model: type[BaseModel]) -> pa.Schema:
    """The Arrow schema of `model`'s rows. Raises TypeError for a field type with no Arrow twin."""
    return pa.schema([_field(name, info) for name, info in model.model_fields.items()])


def to_parquet(model: type[Row], rows: Sequence[Row]) -> bytes:
    """The file of `rows`, zstd-compressed; of no rows too."""
    schema = schema_of(model)
    groups = in_groups(rows, ROWS_AT_ONCE)
    return _written(
        schema, (pa.Table.from_pylist([row.model_dump() for row in group], schema=schema) for group in groups)
    )


def from_parquet(model: type[Row], body: bytes) -> list[Row]:
    """The rows of a file, validated by `model`. Raises pydantic's ValidationError."""
    batches = pq.ParquetFile(io.BytesIO(body)).iter_batches(ROWS_AT_ONCE)
    return [model.model_validate(row) for batch in batches for row in batch.to_pylist()]


def rows_holding(body: bytes, texts: Mapping[str, Collection[str]]) -> list[dict[str, str]]:
    """Of each row of a file in which one of these columns holds one of its texts: those of the columns that it has.

    Raises ValueError where `body` is no Parquet file.
    """
    return [row for row in _columns(pq.read_table(io.BytesIO(body)), texts) if _holds(row, texts)]


def without_rows(body: bytes, texts: Mapping[str, Collection[str]]) -> bytes:
    """The file without the rows that `rows_holding` finds; as it is where there are none."""
    table = pq.read_table(io.BytesIO(body))
    kept = [not _holds(row, texts) for row in _columns(table, texts)]
    return body if all(kept) else _written(table.schema, [table.filter(pa.array(kept))])


def column_schema(model: type[BaseModel]) -> dg.TableSchema:
    """The schema as the Dagster UI shows it."""
    columns = [
        dg.TableColumn(
            name=field.name,
            type=str(field.type),
            description=model.model_fields[field.name].description,
            constraints=dg.TableColumnConstraints(nullable=field.nullable),
        )
        for field in schema_of(model)
    ]
    return dg.TableSchema(columns=columns)


def preview(rows: Sequence[BaseModel], limit: int = 5, width: int = 60, *, show_text: bool = False) -> dg.MetadataValue:
    """The first rows as a Markdown table, each cell cut to `width` characters.

    Of a sensitive field only the length is shown, unless `show_text`: then its text, masked.
    """
    if not rows:
        return dg.MetadataValue.md("no rows")
    fields = type(rows[0]).model_fields

    def cell(row: BaseModel, name: str) -> object:
        value = getattr(row, name)
        return disclosed(value, show_text=show_text) if is_sensitive(fields[name]) else value

    return markdown_table(list(fields), [[cell(row, name) for name in fields] for row in rows[:limit]], width)


def markdown_table(names: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> dg.MetadataValue:
    """A table whose cells are cut to `width` characters and shown as they are, whatever Markdown they hold."""
    lines = [names, ["---"] * len(names), *([_cell(value, width) for value in row] for row in rows)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


def _columns(table: pa.Table, names: Collection[str]) -> list[dict[str, str]]:
    present = [name for name in names if name in table.column_names]
    return table.select(present).to_pylist() if present else []


def _holds(row: Mapping[str, str], texts: Mapping[str, Collection[str]]) -> bool:
    return any(text in texts[name] for name, text in row.items())


def _written(schema: pa.Schema, tables: Iterable[pa.Table]) -> bytes:
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    return sink.getvalue()


def _cell(value: object, width: int) -> str:
    if isinstance(value, list) and value and isinstance(value[0], float):
        return f"[{value[0]:.3f}, … {len(value)}]"
    text = f"{value:.3f}" if isinstance(value, float) and abs(value) < 1 else "" if value is None else str(value)
    text = plain(text)
    text = text if len(text) <= width else f"{text[: width - 1]}…"
    return MARKDOWN.sub(r"\\\1", text)


def _field(name: str, info: FieldInfo) -> pa.Field:
    inner, nullable = _without_none(info.annotation)
    return pa.field(name, _type(inner, info.metadata), nullable=nullable)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _type(annotation: Any, metadata: Sequence[Any]) -> pa.DataType:
    if hasattr(annotation, "__metadata__"):
        base, *own = get_args(annotation)
        return _type(base, [part for entry in own for part in getattr(entry, "metadata", [entry])])
    if annotation in SCALARS:
        return SCALARS[annotation]
    origin = get_origin(annotation)
    if origin is Literal:
        return pa.string()
    if origin is list:
        return _list_type(get_args(annotation)[0], metadata)
    if isinstance(annotation, type) and issubclass(annotation, str):
        return pa.string()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(list(schema_of(annotation)))
    raise TypeError(f"{annotation} has no Arrow type: use str, int, float, bool, a list, a Literal or a model")


def _list_type(item: Any, metadata: Sequence[Any]) -> pa.DataType:
    least = [entry.min_length for entry in metadata if isinstance(entry, annotated_types.MinLen)]
    most = [entry.max_length for entry in metadata if isinstance(entry, annotated_types.MaxLen)]
    if item is float and least and least == most:
        return pa.list_(pa.float32(), least[0])
    return pa.list_(_type(item, []))
