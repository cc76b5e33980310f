"""`tickets labels`: what is weak in the label files, and why a text gets its labels."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from resources.models.example_classifier import ExampleClassifier
from resources.models.head_sentiment import HeadSentiment, compound_scores, load_sentiment
from resources.models.label_check import findings, nearest
from resources.models.label_file import LabelFile, load, load_known
from resources.models.label_matching import keywords_found, ruling
from resources.models.languages import language, served
from resources.models.roles import Embedder
from resources.models.suite import ModelSuite
from ticket_assets.domain.classification import URGENCIES
from ticket_assets.settings import Settings, load_settings
from tickets_cli.learning import learn
from tickets_cli.safe_text import escaped
from tickets_cli.terminal import console, plain_errors

app = typer.Typer(no_args_is_help=True, help="The label files of TICKETS_LABELS_DIR.")
app.command()(learn)
LOADERS = {"intent": load, "urgency": lambda path: load_known(path, URGENCIES), "sentiment": load_sentiment}
SHOWN = 3


@app.command()
def check() -> None:
    """Report thin, contradictory and near-duplicate examples. Exit code 1 where a file cannot be used at all.

    Example: tickets labels check
    """
    with plain_errors():
        settings = load_settings()
        files = {name: read(_path(settings, name)) for name, read in LOADERS.items()}
        embedder = _models(settings).embedder
        for name, file in files.items():
            _report(name, file, embedder)


@app.command(name="try")
def try_text(text: Annotated[str, typer.Argument(help="What a customer might write.")]) -> None:
    """Explain which labels a text gets: language, scores, doubt, and what has a share in the decision.

    Example: tickets labels try "I was charged twice"
    """
    with plain_errors():
        models = _models(load_settings())
        vectors = models.embedder.embed([text])
        code, sure = language(text)
        ours = "" if served([text])[0] else "; not served: needs a person's review"
        _say(f"language: {code} {sure:.2f}{ours}")
        for name in LOADERS:
            role = getattr(models, name)
            said = role.classify([text], vectors)
            (doubt,) = role.doubts([text], vectors, said)
            in_doubt = "; in doubt" if doubt else ""
            console.print(f"[bold]{name}[/]: {said[0].label}, {said[0].confidence:.2f}{in_doubt}", highlight=False)
            if isinstance(role, ExampleClassifier):
                _explain(role, text, vectors)
            elif isinstance(role, HeadSentiment):
                _say(f"  {_scores(role, text, vectors)}")
                _say(f"  VADER: {compound_scores([text])[0]:.2f} from -1 to 1")


def _scores(role: ExampleClassifier | HeadSentiment, text: str, vectors: np.ndarray) -> str:
    """The likeliest labels before any rule, each with the bar under which a person should look."""
    (row,), bars = role.probabilities([text], vectors), role.bars()
    best = sorted(zip(bars, row, strict=True), key=lambda pair: -pair[1])[:SHOWN]
    return "scores: " + ", ".join(f"{label} {score:.2f} (review below {bars[label]:.2f})" for label, score in best)


def _path(settings: Settings, name: str) -> str:
    return str(Path(settings.labels_dir) / f"{name}.yaml")


def _models(settings: Settings) -> ModelSuite:
    from ticket_assets.definitions import build_models

    return build_models(settings)


def _report(name: str, file: LabelFile, embedder: Embedder) -> None:
    texts, _ = file.examples()
    found = findings(file, embedder.embed(texts))
    say = f"{len(texts)} examples of {len(file.labels)} labels, {len(found)} findings"
    console.print(f"[bold]{name}.yaml[/]: {say}", highlight=False)
    for finding in found:
        where = " and ".join(finding.labels)
        _say(f"  {finding.kind} in {where}: {finding.remedy}")
        for example in finding.texts:
            _say(f"    {escaped(example)}")


def _explain(role: ExampleClassifier, text: str, vectors: np.ndarray) -> None:
    file, head = role.file(), role.head()
    _say(f"  {_scores(role, text, vectors)}")
    if head.is_far(vectors)[0]:
        _say("  far from every example")
    rule = ruling(file, text)
    if rule:
        _say(f"  rule for {rule.label}: {rule.why}")
    for label, words in keywords_found(file, text).items():
        _say(f"  keywords of {label}: {', '.join(words)}")
    if head.blend.share:
        for near in nearest(file, head.examples, vectors[0], SHOWN):
            _say(f"  {near.similarity:.2f} {near.label}: {escaped(near.text)}")


def _say(line: str) -> None:
    console.print(line, highlight=False, markup=False)
