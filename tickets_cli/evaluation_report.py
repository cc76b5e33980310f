"""Measures as a report: Markdown to read in a terminal, HTML with a reliability plot and a coloured confusion table."""

from collections import Counter
from html import escape

from resources.models import label_metrics
from ticket_assets.domain.comparison import share
from tickets_cli.evaluation import TARGET, Labelled

SIZE = 240
STYLE = "body{font:15px sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .6em;text-align:right}"


def markdown_labels(name: str, found: Labelled) -> str:
    """One file's section."""
    right, confidences = found.right, found.confidences
    _, _, low, high = share(int(right.sum()), len(right))
    half = label_metrics.confident_half(confidences, right)
    error = label_metrics.calibration_error(confidences, right)
    covered = label_metrics.coverage(confidences, right, TARGET)
    rivals = ", ".join(f"{rival} {score:.3f}" for rival, score in found.rivals.items())
    lines = [
        f"## {name} ({found.role}, {len(right)} rows)",
        "",
        f"- macro-F1 {label_metrics.macro_f1(found.truth, found.said):.3f} ({rivals})",
        f"- accuracy {right.mean():.3f}, 95 % interval {low:.3f} to {high:.3f}; {half:.3f} on the most confident half",
        f"- calibration error {error:.3f}",
        f"- coverage at a precision of {TARGET:g}: {covered:.3f}; in doubt: {found.doubted:.3f}",
        f"- {found.milliseconds:.3f} ms a row for label and doubt, embedding excluded",
        "",
        *_table(["label", "precision", "recall", "F1", "rows"], _scores(found)),
        "",
        *_table(["confidence", "accuracy", "rows"], _bins(found)),
        "",
        *_table(*_confusion(found)),
    ]
    return "\n".join(lines) + "\n"


def markdown_numbers(name: str, found: dict[str, dict[str, float]]) -> str:
    """The section of a file of summaries or duplicates: a row for ours and for each baseline."""
    measures = list(next(iter(found.values())))
    rows = [[rival, *(f"{values[m]:.3f}" for m in measures)] for rival, values in found.items()]
    return "\n".join([f"## {name}", "", *_table(["", *measures], rows)]) + "\n"


def html_labels(name: str, found: Labelled) -> str:
    """One file's section, with pictures."""
    head, rows = _confusion(found)
    most = max(int(cell) for row in rows for cell in row[1:])
    cells = "".join(f"<tr><th>{escape(row[0])}</th>{''.join(_shade(c, most) for c in row[1:])}</tr>" for row in rows)
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    text = escape(markdown_labels(name, found))
    return f"<pre>{text}</pre>{_plot(found)}<table><tr>{titles}</tr>{cells}</table>"


def html_page(sections: list[str]) -> str:
    """The whole page; nothing in it is fetched from elsewhere."""
    body = "".join(f"<section>{section}</section>" for section in sections)
    title = "Evaluation"
    return f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{body}\n"


def _scores(found: Labelled) -> list[list[str]]:
    measured = label_metrics.scores(found.truth, found.said)
    return [[s.label, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", str(s.rows)] for s in measured]


def _bins(found: Labelled) -> list[list[str]]:
    bins = label_metrics.reliability(found.confidences, found.right)
    return [[f"{b.confidence:.2f}", f"{b.accuracy:.2f}", str(b.rows)] for b in bins]


def _confusion(found: Labelled) -> tuple[list[str], list[list[str]]]:
    pairs = Counter(zip(found.truth, found.said, strict=True))
    columns = sorted(set(found.said) | set(found.truth))
    rows = [[label, *(str(pairs[label, column]) for column in columns)] for label in sorted(set(found.truth))]
    return ["truth, said:", *columns], rows


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


def _shade(cell: str, most: int) -> str:
    return f'<td style="background:rgba(30,100,200,{int(cell) / max(1, most):.2f})">{cell}</td>'


def _plot(found: Labelled) -> str:
    """Accuracy over confidence: on the diagonal, confidence means what it says; larger dots are more rows."""
    bins = label_metrics.reliability(found.confidences, found.right)
    places = [(SIZE * b.confidence, SIZE * (1 - b.accuracy), 3 + 12 * b.rows / len(found.said)) for b in bins]
    dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{size:.0f}"/>' for x, y, size in places)
    frame = f'<rect width="{SIZE}" height="{SIZE}" fill="none" stroke="gray"/>'
    line = f'<line x1="0" y1="{SIZE}" x2="{SIZE}" y2="0" stroke="gray"/>'
    return f'<svg width="{SIZE}" height="{SIZE}" fill="steelblue">{frame}{line}{dots}</svg>'
