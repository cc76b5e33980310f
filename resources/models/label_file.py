"""A taxonomy that users edit: labels with example sentences, and hard rules, in one YAML file.

Loads and validates; fits nothing, and knows nothing of tickets. Every complaint names the file, line and remedy.
"""

import hashlib
from collections.abc import Collection, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

# The C parser reads a file in 5 ms rather than 80: every run process pays for it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]

_REMEDIES = {
    "missing": "add this key",
    "extra_forbidden": "remove this key or correct its spelling",
    "string_type": "write text, in double quotes where YAML reads it as something else (no, yes, on, off, 12)",
    "string_too_short": "remove this entry or write its text",
    "too_short": "add entries: a file needs 2 labels, a label 3 examples, a rule 1 phrase",
    "list_type": "write a list, one '- \"…\"' a line",
    "float_type": "write a number from 0 to 1, or remove the key",
    "greater_than_equal": "write a number from 0 to 1, or remove the key",
    "less_than_equal": "write a number from 0 to 1, or remove the key",
}
KEY_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}
_DEFAULT_REMEDY = "compare it with the comment at the head of the label files that come with the project"


class LabelFileError(ValueError):
    """A label file that cannot be used; the message names the file, the line and the remedy."""

    speaks_of_no_text = True


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Strict):
    """What belongs to a label, shown by example."""

    description: Text
    keywords: list[Text] = []
    review_below: float | None = Field(default=None, ge=0, le=1, strict=True)
    examples: list[Text] = Field(min_length=3)


class Rule(_Strict):
    """Phrases that decide the label; the two `unless` lists say what cancels them (label_matching has the meaning)."""

    label: Text
    phrases: list[Text] = Field(min_length=1)
    why: Text
    unless_before: list[Text] = []
    unless: list[Text] = []


class LabelFile(_Strict):
    """A valid file. A keyword right behind a word of `denied_by` does not count.

    `hash` is the first 8 hex digits of the SHA-256 of its bytes: any edit changes it.
    """

    description: Text
    labels: dict[Text, Label] = Field(min_length=2)
    rules: list[Rule] = []
    denied_by: list[Text] = []
    hash: str

    def examples(self) -> tuple[list[str], list[int]]:
        """Return all example sentences, and for each the position of its label."""
        pairs = [(text, i) for i, label in enumerate(self.labels.values()) for text in label.examples]
        return [text for text, _ in pairs], [i for _, i in pairs]


def content_hash(path: str) -> str:
    """Return the hash a LabelFile of `path` has, without parsing it; LabelFileError where it cannot be read."""
    return hashlib.sha256(_content(path)).hexdigest()[:8]


def load(path: str) -> LabelFile:
    """Return the validated file; parsed once a process and content, read anew each time. Raises LabelFileError."""
    return _parse(path, _content(path))


def load_known(path: str, known: Collection[str], *, every: bool = False) -> LabelFile:
    """As `load`, for labels that records and code name: refuses others, and with `every` also a file that lacks one."""
    file = load(path)
    for name in file.labels:
        if name not in known:
            raise complaint(path, ("labels", name), f"label {name} is not one of {list(known)}", "use these alone")
    if every and set(known) - set(file.labels):
        missing = sorted(set(known) - set(file.labels))
        raise complaint(path, ("labels",), f"labels {missing} are missing", f"describe all of {list(known)}")
    return file


def complaint(path: str, location: tuple[Hashable, ...], problem: str, remedy: str) -> LabelFileError:
    """The error for what stands at `location` (keys and positions from the top) in a file that `load` takes."""
    return _error(path, _mark(yaml.compose(_content(path), _Loader), location), problem, remedy)


def _content(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise LabelFileError(f"{path}: cannot be read ({error.strerror}); check the path and its rights") from error


@lru_cache(maxsize=8)
def _parse(path: str, content: bytes) -> LabelFile:
    _check_encoding(path, content)
    try:
        node = yaml.compose(content, _Loader)
        _check_keys(path, node)
        data = yaml.load(content, _Loader)  # noqa: S506 - both candidates are safe loaders
    except (yaml.YAMLError, RecursionError) as error:
        # An unclosed quote is noticed at the end of the file: the context is where it was opened.
        unclosed = "scalar" in (getattr(error, "context", None) or "")
        mark = getattr(error, "context_mark" if unclosed else "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        raise _error(path, mark, f"is not valid YAML: {reason}", "put texts in double quotes, align them") from error
    if not isinstance(data, dict):
        raise _error(path, None, "holds no keys", "start it with 'description:' and 'labels:'")
    try:
        file = LabelFile.model_validate(data | {"hash": hashlib.sha256(content).hexdigest()[:8]})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        remedy = _REMEDIES.get(first["type"], _DEFAULT_REMEDY)
        raise _error(path, _mark(node, first["loc"]), f"{where}: {first['msg']}", remedy) from error
    for number, rule in enumerate(file.rules):
        if rule.label not in file.labels:
            mark = _mark(node, ("rules", number, "label"))
            raise _error(path, mark, f"a rule names {rule.label}", f"name one of the labels {list(file.labels)}")
    return file


def _error(path: str, mark: Any, problem: str, remedy: str) -> LabelFileError:
    line = f", line {mark.line + 1}" if mark else ""
    return LabelFileError(f"{path}{line}: {problem}. Remedy: {remedy}.")


def _check_encoding(path: str, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LabelFileError(f"{path}, line {line}: is not UTF-8. Remedy: save the file in that encoding.") from error


def _check_keys(path: str, node: Any, around: tuple[Any, ...] = ()) -> None:
    """YAML takes any value for a key, keeps the last of two equal ones without a word, and lets a node hold itself."""
    if node in around:
        raise _error(path, node.start_mark, "an alias stands inside what it names", "write out what it should repeat")
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in KEY_TAGS:
                raise _error(path, key.start_mark, "a key here is no text", "put the name or text in double quotes")
            if key.value.strip() in seen:
                again = f"'{key.value.strip()}' stands here a second time"
                raise _error(path, key.start_mark, again, "merge or rename them")
            seen.add(key.value.strip())
            _check_keys(path, value, (*around, node))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(path, value, (*around, node))


def _mark(node: Any, location: tuple[Hashable, ...]) -> Any:
    """Return the place of the deepest node along a pydantic error's location that the file has."""
    mark = node.start_mark
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value.strip() == str(part).strip()]
        else:
            found = [(v, v) for i, v in enumerate(getattr(node, "value", ())) if i == part]
        if not found:
            break
        mark, node = found[0][0].start_mark, found[0][1]
    return mark
