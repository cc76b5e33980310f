"""From a template to the words of one ticket: choices, slots, greeting, closing, slips of the pen.

All chance comes from the `Random` that is passed in, so that a seed gives the same words again.
"""

import re
from dataclasses import dataclass
from random import Random

from ticket_generator.texts import Template, Texts

CHOICE = re.compile(r"<([^<>]*)>")
SLOT = re.compile(r"\{([a-z]+)(\d?)\}")
# A lone line break keeps the lines of a TOML body short and means nothing, unless an item or a quotation follows it.
SOFT_BREAK = re.compile(r"(?<!\n)\n(?!\n|- |> |\d\. )")

SHORT = 30
LETTER = 150
SOURCES_OF_SHORT = {"chat": 55, "web": 30, "email": 15}
SOURCES_OF_LONGER = {"email": 60, "web": 32, "chat": 8}
GREETED = {"email": 0.85, "web": 0.4}
# Call notes and machines' reports are not in the customer's own voice.
NOT_LETTERS = {"phone", "api"}
DETAILED_MOODS = {"polite", "neutral"}
DETAIL_SHARE = 0.4
SLIP_SHARE = 0.08
MOST_SLIPS = 3


@dataclass(frozen=True)
class Words:
    """What a customer wrote, and the channel it came through."""

    subject: str
    body: str
    source: str


@dataclass(frozen=True)
class Writer:
    """Writes tickets from templates."""

    rng: Random
    texts: Texts

    def write(self, template: Template, known: dict[str, str]) -> Words:
        """The words of one ticket. `known` holds slots that are settled already, and receives those settled here."""
        body = self.worded(template.body, known)
        length = len(body.split())
        source = template.source or self._source(length)
        chance = self.rng.random
        may_add = source not in NOT_LETTERS and template.mood in DETAILED_MOODS and SHORT <= length < LETTER
        if template.details and may_add and chance() < DETAIL_SHARE:
            body += "\n\n" + self.worded(self.rng.choice(template.details), known)
        if chance() < GREETED.get(source, 0):
            body = self._greeted(body, template.mood, known)
        if template.source is None and chance() < SLIP_SHARE:
            body = self.slip(body)
        return Words(self.worded(self.rng.choice(template.subjects), known), body, source)

    def worded(self, text: str, known: dict[str, str]) -> str:
        """`text` on its final lines, with one side of each `<a|b>` chosen and each `{slot}` filled."""
        joined = SOFT_BREAK.sub(" ", text)
        return self._filled(CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), joined), known)

    def slip(self, text: str) -> str:
        """`text` with up to three of its words misspelt as hurried people do."""
        pattern = re.compile(rf"\b({'|'.join(map(re.escape, self.texts.slips))})\b")
        found = list(pattern.finditer(text))
        slips = self.rng.sample(found, min(MOST_SLIPS, len(found)))
        for match in sorted(slips, key=re.Match.start, reverse=True):
            text = text[: match.start()] + self.texts.slips[match[0]] + text[match.end() :]
        return text

    def _source(self, length: int) -> str:
        weights = SOURCES_OF_SHORT if length < SHORT else SOURCES_OF_LONGER
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def _greeted(self, body: str, mood: str, known: dict[str, str]) -> str:
        greeting = self.rng.choice(self.texts.greetings[mood])
        closing = self._filled(self.rng.choice(self.texts.closings[mood]), known)
        return f"{greeting}\n\n{body}\n\n{closing}"

    def _filled(self, text: str, known: dict[str, str]) -> str:
        return SLOT.sub(lambda match: self._slot(match[1], match[2], known), text)

    def _slot(self, name: str, which: str, known: dict[str, str]) -> str:
        slot = name + which
        if slot not in known:
            taken = self._slot(name, "", known) if which else None
            value = self._drawn(name, known)
            while value == taken:
                value = self._drawn(name, known)
            known[slot] = value
        return known[slot]

    def _drawn(self, name: str, known: dict[str, str]) -> str:
        pattern = self.rng.choice(self.texts.slots[name])
        digits = re.sub("[#%]", lambda match: str(self.rng.randint(match[0] == "%", 9)), pattern)
        return self._filled(digits, known)
