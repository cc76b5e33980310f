"""A table of DynamoDB: conditional writes of single items, and queries of its indexes.

It is scanned only to compare it with other stores.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pydantic import Field

from resources.attributes import Item, from_item, to_item  # noqa: F401 - most of the project takes these from here
from resources.aws import error_code, in_groups
from resources.object_store import WriteConflict
from resources.patience import PatientResource

READ_AT_ONCE = 100  # the most that one BatchGetItem reads


class DynamoDBTable(PatientResource):
    """The items of one table with a text as hash key and a number as range key.

    Items are in DynamoDB's attribute format; `from_item` gives their values. Ordered writes rely on the attribute
    `stamp`, which sorts as the item's age does, and where people decided of the item, on their number `revision`.
    """

    name: str = Field(description="The table's name.")
    hash_key: str = Field(description="The attribute that names the record.")
    range_key: str = Field(description="The attribute that sorts items.")

    def items(self, hash_value: str) -> list[Item]:
        """All items of one hash key, read consistently."""
        return list(self._pages(self.hash_key, hash_value, ConsistentRead=True))

    def glance(self, hash_value: str, attributes: Sequence[str]) -> list[Item]:
        """Of all items of one hash key these attributes, perhaps of a moment ago: half the price of `items`."""
        projection, names = _projection(attributes)
        return list(self._pages(self.hash_key, hash_value, names, ProjectionExpression=projection))

    def glance_many(self, keys: Iterable[tuple[str, int]], attributes: Sequence[str]) -> list[Item]:
        """Of the items of these hash and range keys these attributes, read consistently, a hundred a request.

        An item that is missing may be there: DynamoDB leaves out what is too much for one answer, or throttled.
        """
        projection, names = _projection(attributes)
        wanted = [{self.hash_key: {"S": text}, self.range_key: {"N": str(number)}} for text, number in keys]
        how = {"ConsistentRead": True, "ProjectionExpression": projection, "ExpressionAttributeNames": names}
        groups = ({self.name: {"Keys": group, **how}} for group in in_groups(wanted, READ_AT_ONCE))
        answers = [self.aws("dynamodb").batch_get_item(RequestItems=group)["Responses"] for group in groups]
        return [item for answer in answers for item in answer.get(self.name, [])]

    def count_older(self, attribute: str, text: str) -> int:
        """How many items' `attribute` sorts before `text`; reads the whole table."""
        return sum(page["Count"] for page in self._scan(attribute, text, Select="COUNT"))

    def hash_keys_older(self, attribute: str, text: str) -> Iterator[str]:
        """The hash keys of the items that `count_older` counts, in no order; reads the whole table."""
        pages = self._scan(attribute, text, {"#hash": self.hash_key}, ProjectionExpression="#hash")
        return (item[self.hash_key]["S"] for page in pages for item in page["Items"])

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

    def all_of(self, index: str, attribute: str, value: str) -> Iterator[dict[str, Any]]:
        """Every item of an index with this value; an index may lag behind the table for a moment."""
        return (from_item(item) for item in self._pages(attribute, value, IndexName=index))

    def overwrite(self, item: Item) -> None:
        """Put `item`, whatever stands at its key."""
        self.aws("dynamodb").put_item(TableName=self.name, Item=item)

    def _scan(
        self, attribute: str, text: str, names: dict[str, str] | None = None, **request: Any
    ) -> Iterator[dict[str, Any]]:
        return iter(
            self.aws("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self.name,
                FilterExpression="#attribute < :text",
                ExpressionAttributeNames={"#attribute": attribute, **(names or {})},
                ExpressionAttributeValues={":text": {"S": text}},
                **request,
            )
        )

    def _pages(self, attribute: str, value: str, names: dict[str, str] | None = None, **request: Any) -> Iterator[Item]:
        request |= {
            "TableName": self.name,
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": attribute, **(names or {})},
            "ExpressionAttributeValues": {":value": {"S": value}},
        }
        more = True
        while more:  # no paginator: boto3 looks one up for each of a batch's queries, most of which have one page
            page = self.aws("dynamodb").query(**request)
            yield from page["Items"]
            more = request["ExclusiveStartKey"] = page.get("LastEvaluatedKey")

    def _conditional(self, operation: str, standing: Item | None, **request: Any) -> None:
        if standing is not None and "stamp" in standing:
            revision = standing.get("revision")
            same = "#revision = :revision" if revision else "attribute_not_exists(#revision)"
            request["ConditionExpression"] = f"#stamp = :seen AND {same}"
            values = {":seen": standing["stamp"], **({":revision": revision} if revision else {})}
            request["ExpressionAttributeValues"] = values
            names = {"#stamp": "stamp", "#revision": "revision"}
        else:
            request["ConditionExpression"] = "attribute_not_exists(#stamp)"
            names = {"#stamp": "stamp"}
        try:
            getattr(self.aws("dynamodb"), operation)(TableName=self.name, ExpressionAttributeNames=names, **request)
        except ClientError as error:
            if error_code(error) in {"ConditionalCheckFailedException", "TransactionConflictException"}:
                raise WriteConflict(f"an item of {self.name} was written by another") from None
            raise


def _projection(attributes: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A projection of these attributes, and the names in it: some are words that DynamoDB reserves."""
    names = {f"#a{n}": name for n, name in enumerate(attributes)}
    return ", ".join(names), names
