"""`tickets evaluate`: the models of the profile against files of known answers, as a Markdown and an HTML report."""

from html import escape
from pathlib import Path
from typing import Annotated

import typer

from ticket_assets.settings import load_settings
from tickets_cli.evaluation import evaluate_labels, evaluate_search, evaluate_summaries, kind_of, read, role_of
from tickets_cli.evaluation_report import html_labels, html_page, markdown_labels, markdown_numbers
from tickets_cli.terminal import plain_errors, say


def evaluate(
    files: Annotated[list[Path], typer.Argument(help="JSON lines: text and label; text and summary; or duplicates.")],
    out: Annotated[Path, typer.Option(help="The directory of report.md and report.html.")] = Path("evaluation"),
) -> None:
    """Measure labels (text, label), summaries (text, summary) or search (id, subject, body, dups), file by file.

    Example: tickets evaluate intents.jsonl moods.jsonl --out report
    """
    with plain_errors():
        from ticket_assets.definitions import build_models

        settings = load_settings()
        loaded = [(path, [*rows.values()], kind_of(path, rows)) for path in files for rows in [read(path)]]
        models = build_models(settings)
        paths = {name: str(settings.labels_dir / f"{name}.yaml") for name in ("intent", "urgency", "sentiment")}
        plain, pictured = [], []
        for path, rows, kind in loaded:
            if kind == "labels":
                found = evaluate_labels(models, paths, role_of(models, rows, path), rows)
                plain.append(markdown_labels(path.name, found))
                pictured.append(html_labels(path.name, found))
            else:
                measured = (evaluate_summaries if kind == "summaries" else evaluate_search)(models, rows)
                plain.append(markdown_numbers(path.name, measured))
                pictured.append(f"<pre>{escape(plain[-1])}</pre>")
            typer.echo(plain[-1])
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(f"# Evaluation\n\n`{models.version}`\n\n" + "\n".join(plain), encoding="utf-8")
        (out / "report.html").write_text(html_page(pictured), encoding="utf-8")
        say(f"report.md and report.html are in {out}")
