"""Queues of a test's own, and messages put into them by hand."""

import uuid

from resources.aws import client
from resources.provision import ensure_queue
from resources.queue import SqsQueue


def new_queue(**attributes: str) -> SqsQueue:
    name = f"own-{uuid.uuid4().hex[:8]}"
    ensure_queue(name, attributes)
    return SqsQueue(name=name)


def send(queue: SqsQueue, *bodies: str) -> None:
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
        client("sqs").send_message_batch(QueueUrl=queue.url, Entries=entries)
