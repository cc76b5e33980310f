"""`tickets labels learn`: corrected tickets as new examples, where they make held-out corrections come out better."""

from pathlib import Path
from typing import Annotated

import typer

from resources.aws import require_endpoint
from resources.corrections import HISTORY
from resources.display import disclosed
from resources.dynamodb import DynamoDBTable
from resources.models.label_file import load
from resources.models.label_learning import Effect, effects, with_examples
from resources.object_store import S3ObjectStore
from resources.table_pages import scanned
from ticket_assets.domain.models import RawTicket
from ticket_assets.settings import Settings, load_settings
from tickets_cli.processes import ProcessFailed
from tickets_cli.terminal import console, plain_errors, say

LEAST = 4  # two to learn from and two to be held out
MOST_CHARACTERS = 400


def learn(
    role: Annotated[str, typer.Option(help="intent or urgency.")] = "intent",
    yes: Annotated[bool, typer.Option("--yes", help="Write what helps into the label file, without asking.")] = False,
) -> None:
    """Show what corrected tickets would do as examples, and add those that help. Reads the whole table.

    A customer's words then stand in the label file: read them before the file is shared.

    Example: tickets labels learn
    """
    with plain_errors():
        if role not in {"intent", "urgency"}:
            raise ProcessFailed(f"{role!r}: choose intent or urgency")
        settings = load_settings()
        require_endpoint()
        helpful = [effect for effect in _measured(settings, role) if _told(effect, settings) and effect.helps]
        if not helpful:
            say("nothing helps: the file stays as it is")
            return
        path = Path(settings.labels_dir) / f"{role}.yaml"
        if not yes:
            typer.confirm(f"Add {sum(len(effect.texts) for effect in helpful)} examples to {path}?", abort=True)
        content = path.read_text(encoding="utf-8")
        for effect in helpful:
            content = with_examples(content, effect.label, effect.texts)
        path.write_text(content, encoding="utf-8")
        load(str(path))
        say(f"{path} has new examples: model_version changes, and `tickets reprocess` brings them to old tickets")


def corrected(settings: Settings, role: str) -> list[tuple[str, str]]:
    """The text and the decided label of each ticket whose `role` a person's decision sets, by ticket id."""
    table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
    found = {}
    for page in scanned(table, ("ticket_id", "s3_key", HISTORY)):
        for item in page:
            decided = {}
            for one in item.get(HISTORY, []):
                decided = {} if "undo" in one else {**decided, **one["values"]}
            if role in decided:
                found[item["ticket_id"]] = (item["s3_key"], decided[role])
    keys = [key for _, (key, _) in sorted(found.items())]
    stored = S3ObjectStore(bucket=settings.raw_bucket).find_many(keys)
    tickets = [None if one is None else RawTicket.model_validate_json(one.body) for one in stored]
    labels = [label for _, (_, label) in sorted(found.items())]
    pairs = zip(tickets, labels, strict=True)
    # One text that many tickets share would be learnt and held out at once.
    texts = {f"{t.subject}\n{t.body}".strip()[:MOST_CHARACTERS]: label for t, label in pairs if t is not None}
    return list(texts.items())


def _measured(settings: Settings, role: str) -> list[Effect]:
    from ticket_assets.definitions import build_models

    models = build_models(settings)
    classifier = getattr(models, role)
    pairs = [(text, label) for text, label in corrected(settings, role) if text and label in classifier.labels]
    if len(pairs) < LEAST:
        raise ProcessFailed(f"{len(pairs)} tickets have a corrected {role}: {LEAST} are needed to hold some out")
    file = load(classifier.label_file)
    texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
    examples = models.embedder.embed(file.examples()[0])
    return effects(file, classifier.blend, examples, texts, models.embedder.embed(texts), labels)


def _told(effect: Effect, settings: Settings) -> bool:
    says = "helps" if effect.helps else "does not help"
    counts = f"{effect.before} of {effect.held_out} held-out corrections right, with them {effect.after}: {says}"
    console.print(f"{effect.label}, {len(effect.texts)} examples: {counts}", highlight=False, markup=False)
    for text in effect.texts:
        console.print(f"  {disclosed(text, show_text=settings.show_text)}", highlight=False, markup=False)
    return True
