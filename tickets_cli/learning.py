"""`tickets labels learn`: corrected tickets as new examples, where they make held-out corrections come out better."""

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer

from resources.aws import require_endpoint
from resources.corrections import HISTORY, history, in_force
from resources.display import masked
from resources.dynamodb import DynamoDBTable, from_item, to_item
from resources.models.example_classifier import ExampleClassifier
from resources.models.head_sentiment import HeadSentiment
from resources.models.label_file import LabelFile
from resources.models.label_learning import Effect, Lesson, Trial, as_written, write_examples
from resources.object_store import S3ObjectStore, StoredObject
from resources.table_pages import scanned
from ticket_assets.domain.intake import Rejected, parse_ticket
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.originals import KEPT_BYTES
from tickets_cli.processes import ProcessFailed
from tickets_cli.safe_text import escaped
from tickets_cli.terminal import console, plain_errors, say

LEAST = 4  # two to learn from and two to be held out
MOST_CHARACTERS = 400
ROLES = ("intent", "urgency", "sentiment")


def learn(
    role: Annotated[str, typer.Option(help="intent, urgency or sentiment.")] = "intent",
    yes: Annotated[bool, typer.Option("--yes", help="Write what helps into the label file, without asking.")] = False,
) -> None:
    """Show what corrected tickets would do as examples, and add those that help. Reads the whole table.

    Prints customers' words, masked, whatever TICKETS_SHOW_TEXT says: they then stand in the label file, each with its
    ticket's id, by which `tickets forget` finds them. Read them before you agree, and before the file is shared.

    Example: tickets labels learn
    """
    with plain_errors():
        if role not in ROLES:
            raise ProcessFailed(f"{role!r}: choose {' or '.join(ROLES)}")
        settings = load_settings()
        require_endpoint()
        path = Path(settings.labels_dir) / f"{role}.yaml"
        helpful = _helpful(settings, role)
        if not helpful:
            say("nothing helps: the file stays as it is")
            return
        lessons = [lesson for effect in helpful for lesson in effect.lessons]
        say(f"these {len(lessons)} texts of customers would stand in {path}, as they are shown:")
        for lesson in lessons:
            console.print(f"  {lesson.label}: {escaped(lesson.text)}", highlight=False, markup=False)
        if not yes:
            typer.confirm(f"Add {len(lessons)} examples to {path}?", abort=True)
        write_examples(path, lessons)
        say(f"{path} has new examples: model_version changes, and `tickets reprocess` brings them to old tickets")


def corrected(settings: Settings, role: str) -> list[Lesson]:
    """A lesson of each text whose `role` a person's decision sets, masked; says how many tickets were left out."""
    table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
    items = {}
    for page in scanned(table, ("ticket_id", "s3_key", "source-etag", HISTORY)):
        items |= {item["ticket_id"]: (item, label) for item in page if (label := _decided(item, role))}
    found = [items[ticket_id] for ticket_id in sorted(items)]
    stored = S3ObjectStore(bucket=settings.raw_bucket).find_many([item["s3_key"] for item, _ in found], KEPT_BYTES)
    # One text that many tickets share would be learnt and held out at once; the last one's label counts.
    labels, tickets = {}, defaultdict(list)
    for (item, label), one in zip(found, stored, strict=True):
        if text := _text(item, one):
            labels[text] = label
            tickets[text].append(item["ticket_id"])
    if left := len(found) - sum(map(len, tickets.values())):
        say(f"{left} corrected tickets left out: their raw object is gone, was put again, or is no valid ticket")
    return [Lesson(text, label, tuple(tickets[text])) for text, label in labels.items()]


def _decided(item: dict[str, Any], role: str) -> str | None:
    return from_item(in_force(history([to_item(item)]))).get(role)


def _text(item: dict[str, Any], stored: StoredObject | None) -> str | None:
    """What the ticket says as it was decided on, masked; None where its object is another by now."""
    if stored is None or stored.info.etag != item.get("source-etag"):
        return None
    try:
        ticket = parse_ticket(item["s3_key"], stored.body, stored.info.size)
    except Rejected:
        return None
    return as_written(masked(f"{ticket.subject}\n{ticket.body}"))[:MOST_CHARACTERS].strip()


def _helpful(settings: Settings, role: str) -> list[Effect]:
    from ticket_assets.definitions import build_models

    models = build_models(settings)
    classifier = getattr(models, role)
    if not isinstance(classifier, ExampleClassifier | HeadSentiment):
        raise ProcessFailed(f"TICKETS_MODELS={settings.models} reads no examples of {role}: embedded does")
    file = classifier.file()
    lessons = _new(corrected(settings, role), file, role)
    vectors = models.embedder.embed([lesson.text for lesson in lessons])
    trial = Trial(file, classifier.fitted_on, models.embedder.embed(file.examples()[0]), lessons, vectors)
    effects = trial.effects()
    for effect in effects:
        _tell(f"{effect.label}, {len(effect.lessons)} examples", effect.before, effect.after, len(lessons))
    chosen = trial.chosen(effects)
    if len([effect for effect in effects if effect.helps]) > 1:
        names = [effect.label for effect in chosen]
        _tell(f"together {', '.join(names)}", trial.right([]), trial.right(names), len(lessons))
    return chosen


def _new(lessons: list[Lesson], file: LabelFile, role: str) -> list[Lesson]:
    """The lessons whose label the file has, and whose text it has not. Raises ProcessFailed where they are too few."""
    gone = sorted({lesson.label for lesson in lessons} - set(file.labels))
    if gone:
        say(f"no label of the file any more, though people decided it: {', '.join(gone)}")
    known = {as_written(text) for text in file.examples()[0]}
    new = [lesson for lesson in lessons if lesson.label in file.labels and lesson.text not in known]
    if len(new) < LEAST:
        why = f"{LEAST} are needed to hold some out"
        raise ProcessFailed(f"{len(new)} texts with a corrected {role} are new to the file: {why}")
    return new


def _tell(what: str, before: int, after: int, held_out: int) -> None:
    says = "helps" if after > before else "does not help"
    counts = f"{before} of {held_out} held-out corrections right, with them {after}: {says}"
    console.print(f"{what}: {counts}", highlight=False, markup=False)
