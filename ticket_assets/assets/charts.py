"""Small pictures for the Dagster UI, drawn as SVG: no plotting library in a run."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import dagster as dg

BAR, ROW, LABEL, WIDTH = 220, 20, 170, 470
COLOURS = ("#5b5bd6", "#0d9488", "#c2410c")


def distribution(groups: Mapping[str, Sequence[str]]) -> dg.MetadataValue:
    """How often each value occurs in each group, as one bar chart; most frequent first."""
    total = sum(map(len, groups.values()))
    if not total:
        return dg.MetadataValue.md("no tickets")
    parts, y = [], 0
    for colour, (name, values) in zip(COLOURS, groups.items(), strict=False):
        y += ROW
        parts.append(f'<text x="0" y="{y - 5}" font-weight="bold">{escape(name)}</text>')
        counts = Counter(values).most_common()
        for value, count in counts:
            y += ROW
            width = max(2, round(BAR * count / counts[0][1]))
            parts.append(f'<text x="{LABEL - 8}" y="{y - 5}" text-anchor="end">{escape(value)}</text>')
            parts.append(f'<rect x="{LABEL}" y="{y - 17}" width="{width}" height="14" rx="2" fill="{colour}"/>')
            parts.append(f'<text x="{LABEL + width + 6}" y="{y - 5}">{count} ({count / len(values):.0%})</text>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 8}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )
    picture = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![label distribution](data:image/svg+xml;base64,{picture})")
