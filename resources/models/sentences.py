"""Plain text, as people type it into a form or an e-mail, to the sentences worth quoting.

Rules over regular expressions, no model. pysbd, the small library for this, has had no release since 2021.
Every pattern is linear in the text's length, or is tried on short texts only.
"""

import re

_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_WRAP_COLUMN = 60  # a longer line that ends without punctuation was broken by an e-mail program

# After these a full stop never ends a sentence ("e.g. Firefox"); after the second group only before a capital.
_NEVER_LAST = frozenset({"e.g", "i.e", "mr", "mrs", "ms", "dr", "st", "vs", "cf", "approx", "no", "nr", "fig", "ver"})
_SELDOM_LAST = frozenset({"a.m", "p.m", "etc", "inc", "ltd", "corp", "co", "dept", "min", "max", "sec"})
# White space must follow: the dots within URLs, file names and version numbers end nothing.
_BOUNDARY = re.compile(r"""(?<![.!?…])(?P<end>[.!?…]+)["'”)\]]*\s+(?=["'“(\[]*(?P<next>\w))|\u3002""")
_LAST_WORD = 12  # characters before a full stop that can be an abbreviation

# A name is capitalized, and not in capitals throughout: "HI MY LOGIN FAILS" is no greeting.
_NAMES = (
    r"(?:[ ,]+(?:all|and|customer|desk|everyone|folks|guys|help|madam|or|service|sir|support|team|there"
    r"|(?-i:[^\W\d_a-z][a-zà-ÿ.'-]*))\b\.?){0,4}"
)
_GREETED = rf"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening))(?:{_NAMES}|[ ]\w+)"
_GREETING = re.compile(rf"{_GREETED}\s*[,!.:;-]*", re.IGNORECASE)
_GREETING_BEFORE_TEXT = re.compile(rf"{_GREETED}\s?[,!:.]\s+(?=\w)", re.IGNORECASE)
_CLOSING = re.compile(
    r"(?:(?:many |kind |best |warm )?(?:thanks|thank you|thx|regards|wishes)|best|cheers|sincerely|yours \w+)"
    r"(?:,? (?:again|so much|very much|a lot|and|in advance|kind|best|regards|sincerely))*"
    rf"(?: for (?:your|the|any) (?:\w+ )?(?:help|time|support|attention|assistance))?{_NAMES}\s*[,!.]*"
    r"|sent from my .*|-- ?",
    re.IGNORECASE,
)
_COURTESY_LENGTH = 80  # characters; longer ones say something as well
_SIGNATURE_LINES = 5
_PLAIN_WORD = re.compile(r"[\"'“(\[]*[^\W\d_]+(?:['\u2019/-][^\W\d_]+)*[\"'”)\],;:.!?…]*")


def content_sentences(text: str) -> list[str]:
    """Split `text` into sentences, one space between words, without courtesies, quoted mail, headings and logs.

    A text that is nothing but those comes back whole; only a blank text gives no sentences.
    """
    lines = _without_signature([line for line in text.splitlines() if not line.lstrip().startswith(">")])
    found = [sentence for block in _blocks(lines) for sentence in _split(_without_greeting(block))]
    whole = " ".join(text.split())
    return [sentence for sentence in found if _says_something(sentence)] or ([whole] if whole else [])


def _blocks(lines: list[str]) -> list[str]:
    """Join the lines of one paragraph that a mail program broke; a list's items and short lines stand alone."""
    blocks: list[str] = []
    previous = ""
    for line in lines:
        bullet = _BULLET.match(line)
        content = " ".join(line[bullet.end() if bullet else 0 :].split())
        unfinished = previous and previous[-1] not in ".!?:…" and not _is_courtesy(previous)
        if content and unfinished and not bullet and (len(previous) >= _WRAP_COLUMN or content[0].islower()):
            blocks[-1] += f" {content}"
        elif content:
            blocks.append(content)
        previous = content
    return blocks


def _split(block: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(block):
        before = block[max(start, match.start() - _LAST_WORD) : match.start()].split()
        if match["end"] is None or _ends_sentence(before[-1] if before else "", match["end"], match["next"]):
            sentences.append(block[start : match.end()].strip())
            start = match.end()
    sentences.append(block[start:].strip())
    return sentences


def _ends_sentence(last: str, end: str, following: str) -> bool:
    if end != ".":
        return end in "!?" or not following.islower()  # "well... it works" goes on
    word = last.lower().lstrip("([\"'")
    if word in _NEVER_LAST or (word in _SELDOM_LAST and following.islower()):
        return False
    initial = len(word) == 1 and word != "i"
    list_number = word.isdigit() and len(word) <= 2  # noqa: PLR2004 - of two digits
    return not (initial or list_number)


def _says_something(sentence: str) -> bool:
    """No courtesy, no heading ("Steps:"), and more than half plain words, which a log line or a stack trace has not."""
    if sentence.endswith(":") or _is_courtesy(sentence):
        return False
    words = sentence.split()
    return 2 * sum(bool(_PLAIN_WORD.fullmatch(word)) for word in words) > len(words)


def _is_courtesy(sentence: str) -> bool:
    short = len(sentence) <= _COURTESY_LENGTH
    return short and bool(_GREETING.fullmatch(sentence) or _CLOSING.fullmatch(sentence))


def _without_greeting(block: str) -> str:
    greeting = _GREETING_BEFORE_TEXT.match(block[:_COURTESY_LENGTH])
    return block[greeting.end() :] if greeting else block


def _without_signature(lines: list[str]) -> list[str]:
    """Cut at the closing ("Regards,") among the last lines; what stands below it is a signature."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for index in filled[-_SIGNATURE_LINES:]:
        line = lines[index].strip()
        if index != filled[0] and len(line) <= _COURTESY_LENGTH and _CLOSING.fullmatch(line):
            return lines[:index]
    return lines
