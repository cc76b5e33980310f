"""Fields of JSON by their names, in a value, in texts within it that are JSON themselves, and in what is no JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

# The text may be cut off, so the value's closing quote is no part of it.
FIELD = r'"({})"\s*:\s*("(?:[^"\\]|\\.)*|-?\d[\d.eE+-]*)'
ESCAPED = re.compile(r'\\(["\\])')


def outermost(told: object, name: str) -> Iterator[object]:
    """What the field `name` holds, of each branch of `told` the outermost; in texts that are JSON themselves too."""
    unseen = [told]
    while unseen:
        value = unseen.pop()
        if isinstance(value, dict) and name in value:
            yield value[name]
        else:
            unseen += _inside(value)


def objects_in(text: str) -> Iterator[dict]:
    """Every JSON object in `text`, also those inside texts of it that are JSON themselves, as queue messages are."""
    unseen: list[object] = [text]
    while unseen:
        value = unseen.pop()
        if isinstance(value, dict):
            yield value
        unseen += _inside(value)


def written(text: str, names: Sequence[str]) -> Iterator[tuple[str, object]]:
    """The fields of these names in `text`, which need not be JSON; those of JSON texts within it after its own.

    There each quote has backslashes before it, in texts within texts more. A field is taken out before they are undone,
    or a quote in its value would seem to end it.
    """
    field = re.compile(FIELD.format("|".join(names)), re.DOTALL)
    outer = ""
    while text != outer:
        yield from ((name, _scalar(token)) for name, token in field.findall(text))
        outer, text = text, ESCAPED.sub(r"\1", field.sub(" ", text))


def _inside(value: object) -> Iterable[object]:
    """The values that a JSON value holds, or the one that it is the text of."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            return [json.loads(value)]
    return []


def _scalar(token: str) -> object:
    """The text, without its closing quote, or the number that stands in JSON as `token`; itself where it is none."""
    is_text = token.startswith('"')
    try:
        return json.loads(f'{token}"' if is_text else token, strict=False)
    except ValueError:
        return token.removeprefix('"')
