"""Charts: as high as the numbers say, and nothing of a label becomes markup."""

import re
from xml.etree import ElementTree as ET

from tickets_board.charts import bar, bars

HOSTILE = '"><script>alert(1)</script>'


def heights(chart: str, series: str) -> list[float]:
    return [float(found) for found in re.findall(rf'class="s-{series}"[^>]* height="([\d.]+)"', chart)]


def test_bars_are_stacked_and_the_highest_fills_the_height():
    chart = bars({"bad": [1, 3, 0], "good": [1, 1, 0]}, ["a", "b", "c"], "what it shows")

    assert heights(chart, "bad") == [25.0, 75.0, 0.0]
    assert heights(chart, "good") == [25.0, 25.0, 0.0]
    assert "<title>b: 3 bad, 1 good</title>" in chart
    assert "<title>c: none</title>" in chart
    assert ET.fromstring(chart).attrib["aria-label"] == "what it shows"


def test_nothing_to_show_is_an_empty_chart():
    assert ET.fromstring(bars({"x": []}, [], "n")).findall("g") == []
    assert heights(bars({"x": [0]}, ["a"], "n"), "x") == [0.0]


def test_a_bar_is_as_long_as_its_share_and_never_longer():
    assert 'width="50.0%"' in bar(2, 4, "k")
    assert 'width="100.0%"' in bar(9, 4, "k")
    assert 'width="0.0%"' in bar(0, 0, "k")


def test_labels_are_text():
    for chart in (bars({HOSTILE: [1]}, [HOSTILE], HOSTILE, HOSTILE), bar(1, 1, HOSTILE)):
        assert "<script" not in chart
        assert "style=" not in chart  # which the content security policy refuses
        ET.fromstring(chart)
