"""What a label file's words say about a text: keywords counted, hard rules applied.

Matches whole words in any case; fits nothing, and knows nothing of tickets.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from resources.models.label_file import LabelFile, Rule

# "not aware of any outage": a negation reaches about this many words forward, and not into the next clause.
NEGATION_REACH = 4
# Characters looked back for those words: reading from the start for each match makes long texts quadratic.
LOOK_BACK = 200
_CLAUSE_END = re.compile(r"[.,;:!?()\n]|\b(?:and|but|because|since|so)\b", re.IGNORECASE)


def keyword_count(labels: LabelFile, text: str, most: int) -> list[int]:
    """Return for each label, in the file's order, how many of its distinct keywords the text has; at most `most`."""
    plain = _plain(text)
    patterns = (_words(tuple(label.keywords)) for label in labels.labels.values())
    return [min(most, len({m.lower() for m in p.findall(plain)})) if p else 0 for p in patterns]


def keywords_found(labels: LabelFile, text: str) -> dict[str, list[str]]:
    """Return the keywords that the text has, in lower case and sorted, of each label that has one."""
    plain = _plain(text)
    patterns = {name: _words(tuple(label.keywords)) for name, label in labels.labels.items()}
    found = {name: sorted({m.lower() for m in p.findall(plain)}) for name, p in patterns.items() if p}
    return {name: words for name, words in found.items() if words}


def ruling(labels: LabelFile, text: str) -> Rule | None:
    """Return the first rule, in the file's order, with a phrase in the text that nothing cancels; None without one."""
    plain = _plain(text)
    return next((rule for rule in labels.rules if _holds(rule, plain)), None)


def _holds(rule: Rule, text: str) -> bool:
    cancelled, phrases, hedge = _words(tuple(rule.unless)), _words(tuple(rule.phrases)), tuple(rule.unless_before)
    if phrases is None or (cancelled and cancelled.search(text)):
        return False
    starts = (match.start() for match in phrases.finditer(text))
    return any(not _hedged(text[max(0, start - LOOK_BACK) : start], hedge) for start in starts)


def _hedged(before: str, hedges: tuple[str, ...]) -> bool:
    clause = _CLAUSE_END.split(before)[-1]
    nearest = " ".join(clause.split()[-NEGATION_REACH:])
    pattern = _words(hedges)
    return bool(pattern and pattern.search(nearest))


def _plain(text: str) -> str:
    return text.replace("\u2019", "'")


def _words(phrases: Iterable[str]) -> re.Pattern[str] | None:
    return _compiled(tuple(phrases))


@lru_cache(maxsize=256)
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
