"""A queue of SQS: messages received concurrently, sent and deleted in groups. It knows nothing of what they say."""

import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import dagster as dg
from pydantic import Field

from resources.aws import PASSING, aws_errors, client, concurrently, in_groups

GROUP = 10  # the most that one call of SQS receives, sends or deletes
GROUP_BYTES = 256 * 1024  # the most that one call sends: what every SQS takes, though newer ones take more
TOLD = [
    "ApproximateReceiveCount",
    "SentTimestamp",
    "ApproximateFirstReceiveTimestamp",
    "DeadLetterQueueSourceArn",
]
POLLERS = 8
# Seconds: a caller that is about to stop is noticed after a poll, which must end well before a client's READ_SECONDS.
LONGEST_POLL = 2
# Seconds without a message that count as quiet: SQS's shortest long poll, which asks all of its servers. What one
# producer puts in a row comes 0.03 s apart at most.
QUIET = 1.0
CERTAIN_SECONDS = QUIET  # of a poll whose emptiness is believed, where all messages are meant
OVERTIME = 5  # seconds past the window for what a backlog still yields; the caller's own time is limited
# Seconds of polls that all bring messages: deleting what they bring takes a slow queue up to twice as long.
BUSY = 5


class Message(NamedTuple):
    """A received message. `received` counts its receives, this one included; `attributes` are SQS's own, by name."""

    message_id: str
    receipt: str
    body: str
    received: int
    attributes: Mapping[str, str] = MappingProxyType({})


class SendRefused(RuntimeError):
    """SQS did not take some messages; `refused` has their positions among those sent, with SQS's reason."""

    def __init__(self, queue: str, refused: Mapping[int, str], total: int) -> None:
        self.refused = refused
        first = next(iter(refused.values()))
        super().__init__(f"SQS refused {len(refused)} of {total} messages to {queue}, such as one for: {first}")


class SqsQueue(dg.ConfigurableResource):
    """The messages of one queue."""

    name: str = Field(description="The queue's name.")

    @property
    def url(self) -> str:
        """The queue's URL for the endpoint that the environment names now."""
        return _url(self.name, client("sqs"))

    def receive(self, wait_seconds: float = 0, most: int = GROUP) -> list[Message]:
        """Up to `most` messages, 1 to 10, once there is one; none where none comes within `wait_seconds` (0 to 2)."""
        response = client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=min(LONGEST_POLL, math.ceil(max(0, wait_seconds))),
            MessageSystemAttributeNames=TOLD,
        )
        return [_message(raw) for raw in response.get("Messages", [])]

    def drain(
        self,
        first_wait: float,
        window: float,
        limit: int,
        enough: Callable[[], bool] = lambda: False,
        settled: Callable[[int], bool] = lambda _: True,
    ) -> list[Message]:
        """Waits up to `first_wait` seconds for a message, then gathers for up to `window`, and up to `limit` messages.

        Ends early once a second brings no message and `settled` says so, told how many were gathered; where SQS fails
        after the first ones; within two seconds of `enough`; and once a backlog has kept a slow queue busy for five
        seconds. Later by a few seconds where a backlog is still coming in.
        """
        messages = self._first(first_wait, min(limit, GROUP), enough)
        if not messages:
            return []
        begun = time.monotonic()
        deadline, busy = begun + window, 0.0
        while len(messages) < limit and busy < BUSY and not enough():
            groups = self._round(deadline - begun, limit - len(messages))
            messages += [message for group in groups for message in group or ()]
            ended = time.monotonic()
            busy += ended - begun if all(groups) else 0
            begun, late = ended, ended - deadline
            quiet = not any(groups) and (late >= 0 or settled(len(messages)))
            if None in groups or late >= OVERTIME or quiet:
                break
        return messages

    def _round(self, left: float, limit: int) -> list[list[Message] | None]:
        """What the pollers receive: one waits for stragglers, the others find out whether there is a backlog."""
        most = [min(GROUP, limit - start) for start in range(0, min(limit, POLLERS * GROUP), GROUP)]
        waits = [min(QUIET, max(0.0, left))] + [0.0] * (len(most) - 1)
        return concurrently(lambda poll: self._receive_if_possible(*poll), list(zip(waits, most, strict=True)), POLLERS)

    def _receive_if_possible(self, wait_seconds: float, most: int) -> list[Message] | None:
        """None where SQS throttles or goes away: what was received before would only lose a receive by it."""
        try:
            with aws_errors():
                return self.receive(wait_seconds, most)
        except PASSING:
            return None

    def delete(self, messages: Sequence[Message]) -> list[str]:
        """Delete messages; returns the ids of those that SQS could not delete, such as those of a stale receipt.

        What is not deleted comes again, which costs work and nothing else.
        """
        groups = [messages[start : start + GROUP] for start in range(0, len(messages), GROUP)]
        return [failed for group in concurrently(self._delete_group, groups, POLLERS) for failed in group]

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages, in groups. Raises SendRefused once all are tried; those that it does not name are sent."""
        groups = list(_groups(bodies))
        refused = {n: why for group in concurrently(self._send_group, groups, POLLERS) for n, why in group.items()}
        if refused:
            raise SendRefused(self.name, refused, len(bodies))

    def everything(self) -> list[Message]:
        """All messages that can be seen now, each once; hidden from others for the queue's visibility time.

        An empty answer may be one server's of many: only two long polls in a row that bring nothing new are believed.
        """
        seen: dict[str, Message] = {}
        fruitless = 0
        while fruitless < 2:  # noqa: PLR2004
            new = {m.message_id: m for m in self.receive(CERTAIN_SECONDS) if m.message_id not in seen}
            seen |= new
            fruitless = 0 if new else fruitless + 1
        return list(seen.values())

    def give_back(self, messages: Sequence[Message]) -> None:
        """Let received messages be seen again at once."""
        for group in in_groups(messages, GROUP):
            entries = [
                {"Id": str(n), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                for n, message in enumerate(group)
            ]
            client("sqs").change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def depth(self) -> dict[str, int]:
        """About how many messages wait, are in flight and are delayed."""
        names = {
            "waiting": "ApproximateNumberOfMessages",
            "in flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        found = client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names.values()))["Attributes"]
        return {name: int(found.get(attribute, 0)) for name, attribute in names.items()}

    def _send_group(self, group: Mapping[int, str]) -> dict[int, str]:
        entries = [{"Id": str(n), "MessageBody": body} for n, body in group.items()]
        response = client("sqs").send_message_batch(QueueUrl=self.url, Entries=entries)
        return {int(failed["Id"]): failed.get("Message", failed["Code"]) for failed in response.get("Failed", [])}

    def _first(self, wait: float, most: int, enough: Callable[[], bool]) -> list[Message]:
        deadline = time.monotonic() + wait
        while not enough():
            left = deadline - time.monotonic()
            messages = self.receive(left, most)
            if messages or left <= LONGEST_POLL:
                return messages
        return []

    def _delete_group(self, group: Sequence[Message]) -> list[str]:
        entries = [{"Id": str(n), "ReceiptHandle": message.receipt} for n, message in enumerate(group)]
        response = client("sqs").delete_message_batch(QueueUrl=self.url, Entries=entries)
        return [group[int(failed["Id"])].message_id for failed in response.get("Failed", [])]


@functools.lru_cache
def _url(name: str, sqs: Any) -> str:
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def _message(raw: dict[str, Any]) -> Message:
    attributes = raw.get("Attributes", {})
    count = int(attributes.get("ApproximateReceiveCount", 1))
    return Message(raw["MessageId"], raw["ReceiptHandle"], raw["Body"], count, attributes)


def _groups(bodies: Sequence[str]) -> Iterator[dict[int, str]]:
    """The bodies by position, in groups that one call can send; one that is too large for any goes alone."""
    group: dict[int, str] = {}
    size = 0
    for n, body in enumerate(bodies):
        length = len(body.encode(errors="surrogatepass"))
        if group and (len(group) == GROUP or size + length > GROUP_BYTES):
            yield group
            group, size = {}, 0
        group[n] = body
        size += length
    if group:
        yield group
