"""`tickets labels`: what is weak in the label files, and why a text gets its labels."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from resources.models.example_classifier import ExampleClassifier
from resources.models.label_check import findings, nearest
from resources.models.head_sentiment import load_sentiment
from resources.models.label_file import LabelFile, load, load_known
from resources.models.label_matching import keywords_found, ruling
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
    """Explain which labels a text gets: scores, keywords, rule and the nearest examples.

    Example: tickets labels try "I was charged twice"
    """
    with plain_errors():
        settings = load_settings()
        models = _models(settings)
        vectors = models.embedder.embed([text])
        for name in LOADERS:
            role = getattr(models, name)
            label, confidence = role.classify([text], vectors)[0]
            console.print(f"[bold]{name}[/]: {label}, {confidence:.2f}", highlight=False)
            if isinstance(role, ExampleClassifier):
                console.print(f"  {_scores(role, text, vectors)}", highlight=False, markup=False)
            _explain(load(_path(settings, name)), models.embedder, text, vectors)


def _scores(role: ExampleClassifier, text: str, vectors: np.ndarray) -> str:
    """The likeliest labels before any rule, and whether a person should look."""
    (row,) = role.probabilities([text], vectors)
    best = sorted(zip(role.labels, row, strict=True), key=lambda pair: -pair[1])[:SHOWN]
    (doubt,) = role.doubts([text], vectors, role.classify([text], vectors))
    return f"scores: {', '.join(f'{label} {score:.2f}' for label, score in best)}{'; in doubt' if doubt else ''}"


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
        console.print(f"  {finding.kind} in {where}: {finding.remedy}", highlight=False, markup=False)
        for example in finding.texts:
            console.print(f"    {escaped(example)}", highlight=False, markup=False)


def _explain(file: LabelFile, embedder: Embedder, text: str, vectors: np.ndarray) -> None:
    rule = ruling(file, text)
    if rule:
        console.print(f"  rule for {rule.label}: {rule.why}", highlight=False, markup=False)
    for label, words in keywords_found(file, text).items():
        console.print(f"  keywords of {label}: {', '.join(words)}", highlight=False, markup=False)
    examples, _ = file.examples()
    for near in nearest(file, embedder.embed(examples), vectors[0], SHOWN):
        line = f"  {near.similarity:.2f} {near.label}: {escaped(near.text)}"
        console.print(line, highlight=False, markup=False)
