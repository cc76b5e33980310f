"""What the label files say: which intents there are, and what in a text speaks for a label. Loads no Dagster."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from resources.models.label_file import LabelFile, LabelFileError, load
from resources.models.label_matching import keyword_count, ruling
from ticket_assets.domain.classification import SENTIMENTS, URGENCIES
from ticket_assets.settings import Settings

EVERY = 1_000


class Spoken(NamedTuple):
    """What a label file finds in a text: how many keywords of the label, and why a rule decided, if one did."""

    keywords: int
    rule: str | None


def intents(settings: Settings) -> list[str]:
    """The label file's intents; none where the file cannot be read, which is said elsewhere."""
    try:
        return list(load(_path(settings, "intent")).labels)
    except LabelFileError:
        return []


def known_labels(settings: Settings) -> dict[str, Sequence[str]]:
    """What each kind of label may be."""
    return {"intent": intents(settings), "urgency": URGENCIES, "sentiment": SENTIMENTS}


def lines_naming(settings: Settings, ticket_ids: Iterable[str]) -> list[str]:
    """Where label files name one of the tickets, as behind an example learnt from it: `file, line n: ids`."""
    named = re.compile(rf"(?<![A-Za-z0-9._-])(?:{'|'.join(map(re.escape, ticket_ids)) or '(?!)'})(?![A-Za-z0-9._-])")
    return [
        f"{path}, line {number}: {', '.join(found)}"
        for path in sorted(Path(settings.labels_dir).glob("*.y*ml"))
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1)
        if (found := named.findall(line))
    ]


def spoken(settings: Settings, kind: str, label: str, text: str, model_version: str) -> Spoken | None:
    """What the label file `kind` (intent, urgency) finds in `text` for `label`.

    None where the record was made with another version of the file, or the file cannot be read.
    """
    try:
        file = load(_path(settings, kind))
    except LabelFileError:
        return None
    if f"{kind}@{file.hash}." not in model_version or label not in file.labels:
        return None
    rule = ruling(file, text)
    return Spoken(_keywords(file, label, text), rule.why if rule and rule.label == label else None)


def _keywords(file: LabelFile, label: str, text: str) -> int:
    return keyword_count(file, text, EVERY)[list(file.labels).index(label)]


def _path(settings: Settings, kind: str) -> str:
    return str(Path(settings.labels_dir) / f"{kind}.yaml")
