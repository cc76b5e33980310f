"""What S3 removes by itself: our rules of a bucket, beside those of others, and never what must stay."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from resources.aws import client, error_code
from resources.provision import ProvisionError

UNSUPPORTED = {"NotImplemented", "MethodNotAllowed", "501", "405"}
Rule = dict[str, Any]


def expiration(name: str, prefix: str, days: int) -> Rule:
    """A rule that removes objects so many days after they were written, and what was replaced after one."""
    return {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": days},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }


def ensure_lifecycle(bucket: str, rules: Sequence[Rule], kept: Sequence[str]) -> bool:
    """Set our rules, by their ID; other rules stay as they are. False where the endpoint knows no lifecycle.

    Raises ProvisionError where a rule of somebody else would remove what lies under one of the prefixes `kept`.
    """
    try:
        standing = _standing(bucket)
        merged = beside(standing.get("Rules", []), rules)
        refuse(bucket, merged, kept)
        client("s3").put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": merged}, **_size_rule(standing)
        )
    except ClientError as error:
        if error_code(error) not in UNSUPPORTED:
            raise
        return False
    return True


def beside(standing: Sequence[Rule], ours: Sequence[Rule]) -> list[Rule]:
    """The rules of others that stand, in the form that S3 lets stand beside ours, and ours."""
    names = {rule["ID"] for rule in ours}
    return [*(_current_form(rule) for rule in standing if rule.get("ID") not in names), *ours]


def refuse(bucket: str, rules: Sequence[Rule], kept: Sequence[str]) -> None:
    """Raise ProvisionError where a rule would remove what lies under one of the prefixes `kept`."""
    for rule in rules:
        prefix = _removes(rule)
        lost = [one for one in kept if prefix is not None and (one.startswith(prefix) or prefix.startswith(one))]
        if lost:
            raise ProvisionError(
                f"lifecycle rule {rule.get('ID', 'without an ID')!r} of bucket {bucket} removes objects under "
                f"{prefix!r}, and with them {', '.join(lost)}, which must stay: disable it or narrow its prefix"
            )


def _standing(bucket: str) -> Mapping[str, Any]:
    try:
        return client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError as error:
        if error_code(error) != "NoSuchLifecycleConfiguration":
            raise
    return {}


def _size_rule(standing: Mapping[str, Any]) -> dict[str, str]:
    """The bucket's own minimum size of transitions, which a put without it would reset."""
    name = "TransitionDefaultMinimumObjectSize"
    return {name: standing[name]} if name in standing else {}


def _current_form(rule: Rule) -> Rule:
    """The rule with its prefix in a filter: S3 refuses a mix of the old form and the new."""
    if "Filter" in rule or "Prefix" not in rule:
        return rule
    rest = {name: value for name, value in rule.items() if name != "Prefix"}
    return {**rest, "Filter": {"Prefix": rule["Prefix"]}}


def _removes(rule: Rule) -> str | None:
    """The prefix under which the rule removes current objects; None where it removes none of ours."""
    scope = rule.get("Filter", {})
    scope = scope.get("And", scope)
    expires = {"Days", "Date"} & rule.get("Expiration", {}).keys()
    # Our objects carry no tags.
    if rule["Status"] != "Enabled" or not expires or scope.get("Tag") or scope.get("Tags"):
        return None
    return scope.get("Prefix", "")
