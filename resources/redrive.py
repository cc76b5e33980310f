"""How a queue gives up messages, as it really is set: the dead-letter queue must keep them longer than their source."""

import json

from resources.aws import client
from resources.provision import DAY, ProvisionError
from resources.queue import SqsQueue

REMEDY = "run `tickets setup`, which sets both queues right"


def require_redrive(queue: str, dead_letter_queue: str, receives: int) -> None:
    """Raise ProvisionError where the queue's dead letters would go elsewhere, too soon, or be lost.

    A message keeps its age when it moves: where the dead-letter queue does not keep it longer than its source, it may
    be gone as it arrives. `receives` is the least number of receives before a message moves.
    """
    source, target = _attributes(queue), _attributes(dead_letter_queue)
    redrive = json.loads(source.get("RedrivePolicy") or "{}")
    arn, count = redrive.get("deadLetterTargetArn"), int(redrive.get("maxReceiveCount", 0))
    if arn != target["QueueArn"]:
        goes = f"to {arn}" if arn else "nowhere"
        raise ProvisionError(f"dead letters of queue {queue} go {goes}, not to {dead_letter_queue}: {REMEDY}")
    if count < receives:
        raise ProvisionError(f"queue {queue} gives a message up after {count} receives, not {receives}: {REMEDY}")
    kept, lasts = (int(attributes["MessageRetentionPeriod"]) for attributes in (source, target))
    if lasts <= kept:
        raise ProvisionError(
            f"queue {dead_letter_queue} keeps messages for {_days(lasts)}, no longer than its source {queue} "
            f"({_days(kept)}), so dead letters can be lost: {REMEDY}"
        )


def _attributes(queue: str) -> dict[str, str]:
    found = client("sqs").get_queue_attributes(QueueUrl=SqsQueue(name=queue).url, AttributeNames=["All"])
    return found["Attributes"]


def _days(seconds: int) -> str:
    return "1 day" if seconds == DAY else f"{seconds / DAY:g} days"
