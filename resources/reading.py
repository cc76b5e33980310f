"""What a reader asks of AWS, without Dagster, which takes two seconds to load: a page of a query, an object."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from resources.attributes import Item, from_item
from resources.aws import client, error_code


def query(
    table: str,
    equal: tuple[str, str],
    limit: int,
    *,
    index: str | None = None,
    between: tuple[str, int, int] | None = None,
    behind: Item | None = None,
    consistent: bool = False,
) -> list[dict[str, Any]]:
    """Up to `limit` items with this attribute's value, of the highest range key first; a glance unless `consistent`.

    `between` names a range key and its lowest and highest number, `behind` all keys of an item that itself is left out.
    """
    names, values = {"#hash": equal[0]}, {":hash": {"S": equal[1]}}
    condition = "#hash = :hash"
    if between:
        name, low, high = between
        if low > high:
            return []
        condition += " AND #range BETWEEN :low AND :high"
        names, values = {**names, "#range": name}, {**values, ":low": {"N": str(low)}, ":high": {"N": str(high)}}
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": False,
        **({"IndexName": index} if index else {}),
        **({"ConsistentRead": True} if consistent else {}),
    }
    found: list[dict[str, Any]] = []
    while True:
        start = {"ExclusiveStartKey": behind} if behind else {}
        answer = client("dynamodb").query(**request, **start, Limit=limit - len(found))
        found += map(from_item, answer["Items"])
        behind = answer.get("LastEvaluatedKey")
        if len(found) >= limit or not behind:
            return found


def find_object(bucket: str, key: str) -> tuple[Mapping[str, str], bytes] | None:
    """The object's metadata and bytes, None where there is none."""
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise
    with answer["Body"] as stream:
        return answer["Metadata"], stream.read()
