"""A table of DynamoDB: conditional writes of single items, and queries of its indexes. Never a scan."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import Field

from resources.aws import error_code
from resources.object_store import WriteConflict
from resources.patience import PatientResource

Item = dict[str, Any]


class DynamoDBTable(PatientResource):
    """The items of one table with a text as hash key and a number as range key.

    Items are in DynamoDB's attribute format; `from_item` gives their values. Ordered writes rely on the attribute
    `stamp`, which sorts as the item's age does.
    """

    name: str = Field(description="The table's name.")
    hash_key: str = Field(description="The attribute that names the record.")
    range_key: str = Field(description="The attribute that sorts items.")

    def items(self, hash_value: str) -> list[Item]:
        """All items of one hash key, read consistently."""
        return list(self._pages(self.hash_key, hash_value, ConsistentRead=True))

    def newest(self, index: str, attribute: str, value: str, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` items of an index with this value, of the highest range key first."""
        found = self._pages(attribute, value, IndexName=index, ScanIndexForward=False, Limit=limit)
        return [from_item(item) for _, item in zip(range(limit), found, strict=False)]

    def put(self, item: Item, over: Item | None) -> None:
        """Put `item` if what stands at its key still is `over`, None for nothing. Raises WriteConflict."""
        self._conditional("put_item", over, Item=item)

    def delete(self, item: Item) -> None:
        """Delete `item` if it still stands. Raises WriteConflict."""
        self._conditional("delete_item", item, Key={name: item[name] for name in (self.hash_key, self.range_key)})

    def _pages(self, attribute: str, value: str, **request: Any) -> Iterator[Item]:
        pages = (
            self.aws("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.name,
                KeyConditionExpression="#key = :value",
                ExpressionAttributeNames={"#key": attribute},
                ExpressionAttributeValues={":value": {"S": value}},
                **request,
            )
        )
        return (item for page in pages for item in page["Items"])

    def _conditional(self, operation: str, standing: Item | None, **request: Any) -> None:
        if standing is not None and "stamp" in standing:
            request["ConditionExpression"] = "#stamp = :seen"
            request["ExpressionAttributeValues"] = {":seen": standing["stamp"]}
        else:
            request["ConditionExpression"] = "attribute_not_exists(#stamp)"
        names = {"#stamp": "stamp"}
        try:
            getattr(self.aws("dynamodb"), operation)(TableName=self.name, ExpressionAttributeNames=names, **request)
        except ClientError as error:
            if error_code(error) in {"ConditionalCheckFailedException", "TransactionConflictException"}:
                raise WriteConflict(f"an item of {self.name} was written by another") from None
            raise


def to_item(values: dict[str, Any]) -> Item:
    """Python values in DynamoDB's attribute format; floats become numbers of the same shortest text."""
    serialize = TypeSerializer().serialize
    return {name: serialize(Decimal(repr(v)) if isinstance(v, float) else v) for name, v in values.items()}


def from_item(item: Item) -> dict[str, Any]:
    """An item's values: numbers are int where whole, else float."""
    return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
