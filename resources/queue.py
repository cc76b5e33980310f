"""A queue of SQS: messages received concurrently, deleted in groups. It knows nothing of what they say."""

import functools
import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import dagster as dg
from pydantic import Field

from resources.aws import PASSING, aws_errors, client, concurrently

GROUP = 10  # the most that one call of SQS receives or deletes
POLLERS = 8
LONGEST_POLL = 20
OVERTIME = 5  # seconds past the window for what a backlog still yields; the caller's own time is limited


class Message(NamedTuple):
    """A received message. `received` counts its receives, this one included."""

    message_id: str
    receipt: str
    body: str
    received: int


class SqsQueue(dg.ConfigurableResource):
    """The messages of one queue."""

    name: str = Field(description="The queue's name.")

    @property
    def url(self) -> str:
        """The queue's URL for the endpoint that the environment names now."""
        return _url(self.name, client("sqs"))

    def receive(self, wait_seconds: float = 0) -> list[Message]:
        """Up to ten messages, as soon as there is one; none where none comes within `wait_seconds` (0 to 20)."""
        response = client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=GROUP,
            WaitTimeSeconds=min(LONGEST_POLL, math.ceil(max(0, wait_seconds))),
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [_message(raw) for raw in response.get("Messages", [])]

    def drain(self, first_wait: float, window: float, limit: int) -> list[Message]:
        """What a batch window gathers: waits up to `first_wait` seconds for a message, then collects for `window`.

        Ends early at `limit` messages or where SQS fails after the first ones, and later by a few seconds where a
        backlog is still coming in.
        """
        messages = self.receive(first_wait)
        if not messages:
            return []
        deadline = time.monotonic() + window
        while len(messages) < limit:
            # One poller waits for stragglers; the others find out whether there is a backlog.
            left = deadline - time.monotonic()
            waits = [min(1.0, max(0.0, left))] + [0.0] * (POLLERS - 1)
            groups = concurrently(self._receive_if_possible, waits, POLLERS)
            messages += [message for group in groups for message in group or ()]
            late = time.monotonic() - deadline
            if None in groups or late >= OVERTIME or (late >= 0 and not any(groups)):
                break
        return messages

    def _receive_if_possible(self, wait_seconds: float) -> list[Message] | None:
        """None where SQS throttles or goes away: what was received before would only lose a receive by it."""
        try:
            with aws_errors():
                return self.receive(wait_seconds)
        except PASSING:
            return None

    def delete(self, messages: Sequence[Message]) -> list[str]:
        """Delete messages; returns the ids of those that SQS could not delete, such as those of a stale receipt.

        What is not deleted comes again, which costs work and nothing else.
        """
        groups = [messages[start : start + GROUP] for start in range(0, len(messages), GROUP)]
        return [failed for group in concurrently(self._delete_group, groups, POLLERS) for failed in group]

    def depth(self) -> dict[str, int]:
        """About how many messages wait, are in flight and are delayed."""
        names = {
            "waiting": "ApproximateNumberOfMessages",
            "in flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        found = client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names.values()))["Attributes"]
        return {name: int(found.get(attribute, 0)) for name, attribute in names.items()}

    def _delete_group(self, group: Sequence[Message]) -> list[str]:
        entries = [{"Id": str(n), "ReceiptHandle": message.receipt} for n, message in enumerate(group)]
        response = client("sqs").delete_message_batch(QueueUrl=self.url, Entries=entries)
        return [group[int(failed["Id"])].message_id for failed in response.get("Failed", [])]


@functools.lru_cache
def _url(name: str, sqs: Any) -> str:
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def _message(raw: dict[str, Any]) -> Message:
    count = raw.get("Attributes", {}).get("ApproximateReceiveCount", "1")
    return Message(raw["MessageId"], raw["ReceiptHandle"], raw["Body"], int(count))
