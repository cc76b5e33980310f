"""DynamoDB's attribute format, and back to plain values; loads boto3 once it is asked, as quick commands import it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Item = dict[str, Any]


def to_item(values: dict[str, Any]) -> Item:
    """Python values in DynamoDB's attribute format; floats become numbers of the same shortest text."""
    from boto3.dynamodb.types import TypeSerializer

    serialize = TypeSerializer().serialize
    return {name: serialize(_exact(value)) for name, value in values.items()}


def from_item(item: Item) -> dict[str, Any]:
    """An item's values, at any depth: numbers are int where whole, else float."""
    from boto3.dynamodb.types import TypeDeserializer

    return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    return _within(value, _exact)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _within(value, _plain)


def _within(value: Any, change: Callable[[Any], Any]) -> Any:
    """A map or a list with each of its values changed; any other value as it is."""
    if isinstance(value, dict):
        return {name: change(each) for name, each in value.items()}
    return [change(each) for each in value] if isinstance(value, list) else value
