"""Charts as inline SVG: bars alone, without a text that a phone would make tiny, and without inline style.

What they show stands beside them as a table or a sentence; a chart names itself for who cannot see it.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

HEIGHT, WIDTH, GAP = 100, 10, 1.5


def bars(counts: Mapping[str, Sequence[int]], titles: Sequence[str], name: str, kind: str = "") -> Markup:
    """Stacked bars: `counts` by series, one number a bar; `titles` say what each bar stands for.

    A series is coloured by the class `s-<its name>`, the whole has the class `kind`.
    """
    most = max((sum(numbers) for numbers in zip(*counts.values(), strict=True)), default=0) or 1
    drawn = Markup("").join(_bar(counts, number, title, most) for number, title in enumerate(titles))
    return Markup(
        '<svg class="bars {}" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>'
    ).format(kind, name, max(1, len(titles)) * WIDTH, HEIGHT, drawn)


def bar(value: float, most: float, kind: str) -> Markup:
    """One bar, as long as `value` is of `most`; it only repeats a number that stands beside it."""
    length = f"{100 * min(1.0, value / most) if most else 0:.1f}%"
    return Markup('<svg class="bar" aria-hidden="true"><rect class="{}" width="{}" height="100%"/></svg>').format(
        kind, length
    )


def _bar(counts: Mapping[str, Sequence[int]], number: int, title: str, most: int) -> Markup:
    told = ", ".join(f"{numbers[number]} {series}" for series, numbers in counts.items() if numbers[number])
    parts, top = [], float(HEIGHT)
    for series, numbers in counts.items():
        height = HEIGHT * numbers[number] / most
        top -= height
        parts.append(
            Markup('<rect class="s-{}" x="{:.1f}" y="{:.2f}" width="{:.1f}" height="{:.2f}"/>').format(
                series, number * WIDTH + GAP / 2, top, WIDTH - GAP, height
            )
        )
    return Markup("<g><title>{}: {}</title>{}</g>").format(title, told or "none", Markup("").join(parts))
