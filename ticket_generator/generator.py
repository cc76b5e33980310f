"""Which ticket comes next: templates in shuffled order, now and then an incident that several customers report.

A seed settles everything but time and id (subject, body, customer, priority, metadata). Ids are random whatever the
seed, so that two runs with one seed repeat their texts without overwriting each other's objects.
"""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypedDict

from ticket_generator.texts import Incident, Template, load
from ticket_generator.wording import Words, Writer

PRIORITY_SHARE = 0.2
TAG_SHARE = 0.25
CUSTOMERS = range(1000, 4000)
FIRST_INCIDENT = (5, 20)
BETWEEN_INCIDENTS = (40, 90)
# Others write in between while an incident is told.
TELL_NEXT = 0.6
LEAST_TELLINGS = 3
OWN_SLOTS = ("name", "company", "colleague", "phone", "count")


class Metadata(TypedDict):
    """`source` is email, web, chat, phone or api."""

    source: str
    language: str
    tags: list[str]


class Ticket(TypedDict):
    """A raw ticket as the pipeline reads it; `created_at` is in Unix seconds."""

    ticket_id: str
    subject: str
    body: str
    created_at: int
    customer_id: str
    priority: str | None
    metadata: Metadata


@dataclass(frozen=True)
class Label:
    """What the generator meant, which the ticket does not say. `incident` names one occurrence of an incident."""

    intent: str
    urgency: str
    mood: str
    incident: str | None = None


@dataclass(frozen=True)
class _Telling:
    template: Template
    slots: dict[str, str]
    customer_id: str
    incident: str


def new_ticket_id(now: int) -> str:
    """`TKT-<yyyymmdd of now in UTC>-<16 hex digits>`, never the same twice."""
    return f"TKT-{time.strftime('%Y%m%d', time.gmtime(now))}-{secrets.token_hex(8)}"


class TicketGenerator:
    """An endless supply of tickets. No template comes again before every other one has been used."""

    def __init__(self, seed: int | None = None) -> None:
        """`seed` settles all texts; without one they differ from run to run."""
        self._rng = Random(seed)
        self._texts = load()
        self._writer = Writer(self._rng, self._texts)
        self._deck = self._shuffled_for_ever()
        self._untold: list[_Telling] = []
        self._incidents = 0
        self._until_incident = self._rng.randint(*FIRST_INCIDENT)

    def generate(self, now: int) -> Ticket:
        """The next ticket, written at `now` (Unix seconds)."""
        return self.generate_labelled(now)[0]

    def generate_labelled(self, now: int) -> tuple[Ticket, Label]:
        """The next ticket, and what it is about."""
        if self._until_incident == 0:
            self._start_incident()
        if self._untold and self._rng.random() < TELL_NEXT:
            return self._retold(self._untold.pop(), now)
        self._until_incident -= 1
        template = next(self._deck)
        words = self._writer.write(template, {})
        label = Label(template.intent, template.urgency, template.mood)
        return self._ticket(words, template, self._customer_id(), now), label

    def _retold(self, telling: _Telling, now: int) -> tuple[Ticket, Label]:
        template = telling.template
        words = self._writer.write(template, telling.slots)
        for slot in OWN_SLOTS:
            telling.slots.pop(slot, None)
        label = Label(template.intent, template.urgency, template.mood, telling.incident)
        return self._ticket(words, template, telling.customer_id, now), label

    def _start_incident(self) -> None:
        incident: Incident = self._rng.choice(self._texts.incidents)
        number = self._rng.randint(LEAST_TELLINGS, len(incident.tellings))
        customers = self._rng.sample(CUSTOMERS, number)
        shared: dict[str, str] = {}
        self._incidents += 1
        self._untold += [
            _Telling(template, shared, f"CUST-{customer}", f"{incident.key}-{self._incidents}")
            for template, customer in zip(self._rng.sample(incident.tellings, number), customers, strict=True)
        ]
        self._until_incident = self._rng.randint(*BETWEEN_INCIDENTS)

    def _ticket(self, words: Words, template: Template, customer_id: str, now: int) -> Ticket:
        tags = self._rng.sample(self._texts.tags, self._rng.randint(1, 2)) if self._rng.random() < TAG_SHARE else []
        return {
            "ticket_id": new_ticket_id(now),
            "subject": words.subject,
            "body": words.body,
            "created_at": int(now),
            "customer_id": customer_id,
            "priority": template.urgency if self._rng.random() < PRIORITY_SHARE else None,
            "metadata": {"source": words.source, "language": "en", "tags": tags},
        }

    def _customer_id(self) -> str:
        return f"CUST-{self._rng.choice(CUSTOMERS)}"

    def _shuffled_for_ever(self) -> Iterator[Template]:
        deck = list(self._texts.templates)
        while True:
            self._rng.shuffle(deck)
            yield from deck
