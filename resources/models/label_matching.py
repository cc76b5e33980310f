"""What a label file's words say about a text: keywords counted, hard rules applied.

Matches whole words in any case; fits nothing, and knows nothing of tickets. Patterns decide, but are slow: the set of
the text's words first tells which of them cannot match.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from resources.models.label_file import LabelFile, Rule

# "not aware of any outage": a negation reaches about this many words forward, and not into the next clause.
NEGATION_REACH = 4
# A keyword is a topic, and stands far from many a "no": only right behind one, or behind one other word, is it denied.
DENIAL_REACH = 2
# Characters looked back for those words: reading from the start for each match makes long texts quadratic.
LOOK_BACK = 200
_CLAUSE_END = re.compile(r"[.,;:!?()\n]|\b(?:and|but|because|since|so)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
# To a pattern that ignores case these are s, i and i, but `lower` does not make them so; no others (U+212A becomes k).
_UNLIKE_LOWER = ("\u017f", "\u0131", "\u0130")


class _Parts(NamedTuple):
    """Phrases of one word, in lower case, and of each other phrase the words that a text with it has."""

    single: frozenset[str]
    others: tuple[frozenset[str], ...]

    def any_other(self, words: set[str]) -> bool:
        return any(own <= words for own in self.others)


def keyword_count(labels: LabelFile, text: str, most: int) -> list[int]:
    """Return for each label, in the file's order, how many of its distinct keywords the text has; at most `most`."""
    plain = _plain(text)
    words = _word_set(plain)
    denials = tuple(labels.denied_by)
    return [min(most, len(_meant(tuple(v.keywords), plain, words, denials))) for v in labels.labels.values()]


def keywords_found(labels: LabelFile, text: str) -> dict[str, list[str]]:
    """Return the keywords that the text has, in lower case and sorted, of each label that has one."""
    plain, denials = _plain(text), tuple(labels.denied_by)
    found = {n: sorted(_meant(tuple(v.keywords), plain, None, denials)) for n, v in labels.labels.items()}
    return {name: words for name, words in found.items() if words}


def ruling(labels: LabelFile, text: str) -> Rule | None:
    """Return the first rule, in the file's order, with a phrase in the text that nothing cancels; None without one."""
    if not labels.rules:
        return None
    plain = _plain(text)
    words = _word_set(plain)
    return next((rule for rule in labels.rules if _may_hold(rule, words) and _holds(rule, plain)), None)


def _meant(keywords: tuple[str, ...], text: str, words: set[str] | None, denials: tuple[str, ...]) -> set[str]:
    """The keywords that the text has, in lower case, but for those that it denies each time."""
    found = _present(keywords, text, words)
    if not denials:
        return found
    return {one for one in found if (own := _words([one])) and _stands(own, text, denials, DENIAL_REACH)}


def _present(keywords: tuple[str, ...], text: str, words: set[str] | None) -> set[str]:
    parts = _parts(keywords)
    if words is not None and not parts.any_other(words):
        return set(parts.single & words)
    pattern = _compiled(keywords)
    return _distinct(pattern, text) if pattern else set()


def _distinct(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match.lower() for match in pattern.findall(text)}


def _may_hold(rule: Rule, words: set[str] | None) -> bool:
    parts = _parts(tuple(rule.phrases))
    return words is None or not parts.single.isdisjoint(words) or parts.any_other(words)


def _holds(rule: Rule, text: str) -> bool:
    cancelled, phrases, hedge = _words(tuple(rule.unless)), _words(tuple(rule.phrases)), tuple(rule.unless_before)
    if phrases is None or (cancelled and cancelled.search(text)):
        return False
    return _stands(phrases, text, hedge, NEGATION_REACH)


def _stands(phrases: re.Pattern[str], text: str, hedges: tuple[str, ...], reach: int) -> bool:
    """Whether a phrase is in the text somewhere without a hedge before it."""
    starts = (match.start() for match in phrases.finditer(text))
    return any(not _hedged(text[max(0, start - LOOK_BACK) : start], hedges, reach) for start in starts)


def _hedged(before: str, hedges: tuple[str, ...], reach: int) -> bool:
    clause = _CLAUSE_END.split(before)[-1]
    nearest = " ".join(clause.split()[-reach:])
    pattern = _words(hedges)
    return bool(pattern and pattern.search(nearest))


def _plain(text: str) -> str:
    return text.replace("\u2019", "'")


def _word_set(text: str) -> set[str] | None:
    """The text's words in lower case; None where they cannot tell what a pattern would match."""
    if not text.isascii() and any(letter in text for letter in _UNLIKE_LOWER):
        return None
    return set(_WORD.findall(text.lower()))


@lru_cache(maxsize=256)
def _parts(phrases: tuple[str, ...]) -> _Parts:
    """A phrase beyond ASCII has no words here, so its pattern is always asked: case has more exceptions there."""
    plain = [_plain(phrase).lower() if _plain(phrase).isascii() else "" for phrase in phrases]
    single = frozenset(phrase for phrase in plain if phrase.isalnum())
    return _Parts(single, tuple(frozenset(_WORD.findall(phrase)) for phrase in plain if phrase not in single))


def _words(phrases: Iterable[str]) -> re.Pattern[str] | None:
    return _compiled(tuple(phrases))


@lru_cache(maxsize=1024)
def _compiled(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for all phrases, longest first so that "payments" is not cut to "payment"; None for no phrases.

    Spaces in a phrase match any white space. Look-arounds guard its edges: a word boundary would refuse phrases that
    end in punctuation.
    """
    if not phrases:
        return None
    longest_first = sorted((_plain(phrase) for phrase in phrases), key=len, reverse=True)
    either = "|".join(r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in longest_first)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
