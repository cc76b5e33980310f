"""Small pictures for the Dagster UI, drawn as SVG: no plotting library in a run."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import dagster as dg

BAR, ROW, LABEL, WIDTH = 220, 20, 170, 470
COLOURS = ("#5b5bd6", "#0d9488", "#c2410c")
PLOT, LEFT, COLUMN_WIDTH = 110, 50, 520


def distribution(groups: Mapping[str, Sequence[str]], alt: str = "label distribution") -> dg.MetadataValue:
    """How often each value occurs in each group, as one bar chart in Markdown; most frequent first."""
    return bars({name: Counter(values) for name, values in groups.items()}, alt)


def bars(groups: Mapping[str, Counter[str]], alt: str) -> dg.MetadataValue:
    """The counts of each group as one bar chart in Markdown; most frequent first."""
    if not any(counts.total() for counts in groups.values()):
        return dg.MetadataValue.md("no tickets")
    parts, y = [], 0
    for colour, (name, counts) in zip(COLOURS, groups.items(), strict=False):
        y += ROW
        parts.append(f'<text x="0" y="{y - 5}" font-weight="bold">{escape(name)}</text>')
        ordered, total = counts.most_common(), counts.total()
        for value, count in ordered:
            y += ROW
            width = max(2, round(BAR * count / (ordered[0][1] or 1)))
            parts.append(f'<text x="{LABEL - 8}" y="{y - 5}" text-anchor="end">{escape(value)}</text>')
            parts.append(f'<rect x="{LABEL}" y="{y - 17}" width="{width}" height="14" rx="2" fill="{colour}"/>')
            parts.append(f'<text x="{LABEL + width + 6}" y="{y - 5}">{count:,} ({count / (total or 1):.0%})</text>')
    return _picture(parts, WIDTH, y + 8, alt)


def columns(series: Mapping[str, Sequence[float]], ticks: Sequence[str], alt: str, unit: str = "") -> dg.MetadataValue:
    """Series of one length side by side over `ticks`, each column from the ground; in Markdown.

    The first series is drawn behind the second, so it should be the larger. A tick may be empty.
    """
    top = max((value for values in series.values() for value in values), default=0)
    if not top:
        return dg.MetadataValue.md("no tickets")
    step = (COLUMN_WIDTH - LEFT) / len(ticks)
    parts = [
        f'<text x="{LEFT - 6}" y="{ROW + 4}" text-anchor="end">{top:,.4g}{unit}</text>',
        f'<text x="{LEFT - 6}" y="{ROW + PLOT}" text-anchor="end">0</text>',
        f'<line x1="{LEFT}" y1="{ROW + PLOT}" x2="{COLUMN_WIDTH}" y2="{ROW + PLOT}" stroke="#999"/>',
    ]
    for place, (colour, (name, values)) in enumerate(zip(COLOURS, series.items(), strict=False)):
        parts.append(f'<rect x="{LEFT + 120 * place}" y="0" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 120 * place + 14}" y="10">{escape(name)}</text>')
        for n, value in enumerate(values):
            height = PLOT * value / top
            if height:
                shape = f'x="{LEFT + n * step:.1f}" y="{ROW + PLOT - height:.1f}" width="{max(1, step - 3):.1f}"'
                parts.append(f'<rect {shape} height="{height:.1f}" fill="{colour}"/>')
    for n, tick in enumerate(ticks):
        if tick:
            parts.append(f'<text x="{LEFT + n * step:.1f}" y="{ROW + PLOT + 15}">{escape(tick)}</text>')
    return _picture(parts, COLUMN_WIDTH, ROW + PLOT + 22, alt)


def _picture(parts: Sequence[str], width: int, height: int, alt: str) -> dg.MetadataValue:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )
    picture = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{alt}](data:image/svg+xml;base64,{picture})")
