"""A table of DynamoDB page by page, for maintenance: a scan reads, and is paid for, the whole table."""

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from resources.aws import client, concurrently
from resources.dynamodb import DynamoDBTable, from_item

GROUP = 100  # the most items that one call of DynamoDB gives by their keys
READ_UNIT = 8 * 1024  # bytes that half-consistent reads get for one unit
SMALL = 20_000  # items that are read whole for a sample: about 4,000 read units, half a thousandth of a dollar
NEIGHBOURS = 4  # items that are taken from each random place of a larger table
PLACES = 32


class Size(NamedTuple):
    """About how many items a table holds, and how many read units a scan of it takes; told every six hours or so."""

    items: int
    read_units: int


def size(table: DynamoDBTable) -> Size:
    """How large the table is."""
    described = client("dynamodb").describe_table(TableName=table.name)["Table"]
    return Size(described.get("ItemCount", 0), -(-described.get("TableSizeBytes", 0) // READ_UNIT))


def scanned(table: DynamoDBTable, attributes: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """All items, these attributes of each, a page of at most 1 MiB at a time."""
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table.name, **_projection(attributes))
    return ([from_item(item) for item in page["Items"]] for page in pages)


def sampled(table: DynamoDBTable, attributes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Items in random order, these attributes of each and the hash key; none twice.

    Of a large table a few items are read at each of ever more random places: after a key that is no item's, which
    DynamoDB, sorting by the keys' hashes, takes as evenly spread. Ends when a round brings nothing new. A table that
    is small is read whole, and any on a server that starts from the first item there, as the local one does.
    """
    wanted = tuple(dict.fromkeys([table.hash_key, *attributes]))
    seen = {} if size(table).items <= SMALL else _round(table, wanted)
    if len(seen) < PLACES:
        items = [item for page in scanned(table, wanted) for item in page]
        yield from random.sample(items, len(items))
        return
    yield from seen.values()
    while new := {key: item for key, item in _round(table, wanted).items() if key not in seen}:
        seen.update(new)
        yield from new.values()


def _round(table: DynamoDBTable, attributes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What stands at PLACES random places, by hash key."""
    found = concurrently(lambda _: _somewhere(table, attributes), range(PLACES))
    return {item[table.hash_key]: item for items in found for item in items}


def _somewhere(table: DynamoDBTable, attributes: Sequence[str]) -> list[dict[str, Any]]:
    place = {table.hash_key: {"S": secrets.token_urlsafe(16)}, table.range_key: {"N": "0"}}
    asked = {"TableName": table.name, "Limit": NEIGHBOURS, **_projection(attributes)}
    found = client("dynamodb").scan(ExclusiveStartKey=place, **asked)["Items"]
    if not found:  # after the table's last item
        found = client("dynamodb").scan(**asked)["Items"]
    return [from_item(item) for item in found]


def queried(
    table: DynamoDBTable, index: str, attribute: str, value: str, attributes: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """The items that an index has under this value, these attributes of each, which the index need not project."""
    keys = (table.hash_key, table.range_key)
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table.name,
            IndexName=index,
            KeyConditionExpression="#value = :value",
            ProjectionExpression="#hash, #range",
            ExpressionAttributeNames={"#value": attribute, "#hash": keys[0], "#range": keys[1]},
            ExpressionAttributeValues={":value": {"S": value}},
        )
    )
    for page in pages:
        found = [{name: item[name] for name in keys} for item in page["Items"]]
        for start in range(0, len(found), GROUP):
            yield _by_keys(table, found[start : start + GROUP], attributes)


def _by_keys(table: DynamoDBTable, keys: list[dict[str, Any]], attributes: Sequence[str]) -> list[dict[str, Any]]:
    items, asked = [], {table.name: {"Keys": keys, **_projection(attributes)}}
    while asked:
        answer = client("dynamodb").batch_get_item(RequestItems=asked)
        items += [from_item(item) for item in answer["Responses"].get(table.name, [])]
        asked = answer.get("UnprocessedKeys", {})
        if asked:
            time.sleep(random.uniform(0.1, 0.5))  # what was not given was too much at once
    return items


def _projection(attributes: Sequence[str]) -> dict[str, Any]:
    """Names such as `language` are words of DynamoDB's own: each gets a stand-in."""
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
