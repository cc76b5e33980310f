"""What the soak puts into the raw bucket, and what it therefore expects: good tickets, bad objects, newer versions."""

import json
import threading
import time
from collections.abc import Callable
from random import Random

from resources.aws import client
from ticket_generator.bad_tickets import bad_objects
from ticket_generator.generator import TicketGenerator

BAD_SHARE = REPUT_SHARE = 0.02
MENDED_SHARE = 0.2  # of the newer versions: a good one of what was bad before
MEBIBYTE = 1024 * 1024

# One way each in which a ticket, given as its fields, is spoilt; beside the generator's own three.
SPOILT: list[Callable[[dict], bytes]] = [
    lambda _: b"",
    lambda _: b"\xff\xfe not UTF-8",
    lambda ticket: json.dumps([ticket]).encode(),
    lambda ticket: json.dumps({**ticket, "created_at": ticket["created_at"] * 1000}).encode(),
    lambda ticket: json.dumps({**ticket, "created_at": True}).encode(),
    lambda ticket: json.dumps({**ticket, "subject": None}).encode(),
    lambda ticket: json.dumps({name: value for name, value in ticket.items() if name != "body"}).encode(),
    lambda ticket: json.dumps({**ticket, "body": "x" * MEBIBYTE}).encode(),
    lambda _: b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
]


class Traffic:
    """Everything that was put: `good` and `bad` keys by their newest version, `rewritten` those put more than once."""

    def __init__(self, bucket: str, seed: int) -> None:
        self._bucket = bucket
        self._random = Random(seed)
        self._generator = TicketGenerator(seed)
        self._tickets: list[dict] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.bad: dict[str, dict] = {}  # by key, with the ticket that it might have been
        self.good: set[str] = set()
        self.rewritten: set[str] = set()
        self.puts = 0

    def put_good(self, count: int) -> None:
        """A backlog of good tickets."""
        for _ in range(count):
            self._put_new()

    def start(self, rate: float) -> None:
        """Put `rate` objects a second from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._flow, args=(rate,), name="traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Put no more."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def check(self) -> None:
        """Raises RuntimeError if the thread died: what it was to put is not tested then."""
        if self._thread and not self._thread.is_alive() and not self._stop.is_set():
            raise RuntimeError("the traffic has ended by itself: see its error above")

    def _flow(self, rate: float) -> None:
        begun, flowed = time.monotonic(), 0
        while not self._stop.is_set():
            self._put_one()
            flowed += 1
            self._stop.wait(max(0, begun + flowed / rate - time.monotonic()))

    def _put_one(self) -> None:
        chance = self._random.random()
        if chance < BAD_SHARE:
            self._put_bad()
        elif chance < BAD_SHARE + REPUT_SHARE and self._tickets:
            self._put_newer()
        else:
            self._put_new()

    def _put_new(self) -> None:
        ticket = dict(self._generator.generate(int(time.time())))
        self._tickets.append(ticket)
        self._put_ticket(ticket)

    def _put_newer(self) -> None:
        if self.bad and self._random.random() < MENDED_SHARE:
            ticket = self.bad.pop(self._random.choice(sorted(self.bad)))
            self._tickets.append(ticket)
        else:
            ticket = self._random.choice(self._tickets)
            ticket["body"] += f"\n\nP.S. {self._random.random()}: I have to add something."
            ticket["created_at"] += self._random.choice([0, 0, 1])  # moves its item
        self.rewritten.add(f"{ticket['ticket_id']}.json")
        self._put_ticket(ticket)

    def _put_bad(self) -> None:
        ticket = dict(self._generator.generate(int(time.time())))
        kind = self._random.randrange(len(SPOILT) + 3)
        if kind < len(SPOILT):
            key, body = f"{ticket['ticket_id']}.json", SPOILT[kind](ticket)
        else:
            key, body = bad_objects()[kind - len(SPOILT)]
            ticket["ticket_id"] = key.removesuffix(".json")
        self.bad[key] = ticket
        self._put(key, body)

    def _put_ticket(self, ticket: dict) -> None:
        key = f"{ticket['ticket_id']}.json"
        self.good.add(key)
        self._put(key, json.dumps(ticket, ensure_ascii=False).encode())

    def _put(self, key: str, body: bytes) -> None:
        client("s3").put_object(Bucket=self._bucket, Key=key, Body=body)
        self.puts += 1
