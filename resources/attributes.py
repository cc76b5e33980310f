"""DynamoDB's attribute format, and back to plain values."""

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]


def to_item(values: dict[str, Any]) -> Item:
    """Python values in DynamoDB's attribute format; floats become numbers of the same shortest text."""
    serialize = TypeSerializer().serialize
    return {name: serialize(Decimal(repr(v)) if isinstance(v, float) else v) for name, v in values.items()}


def from_item(item: Item) -> dict[str, Any]:
    """An item's values, at any depth: numbers are int where whole, else float."""
    return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
