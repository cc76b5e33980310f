"""A chart of labels is a picture, whatever the label files call them."""

import base64
from collections import Counter
from xml.etree import ElementTree as ET

import dagster as dg

from ticket_assets.assets.charts import PLOT, bars, columns, distribution

NASTY = "</text><script>alert(1)</script>&\"'](http://x)"


def svg(groups: dict[str, list[str]]) -> ET.Element:
    return picture(distribution(groups), "label distribution")


def picture(chart: dg.MetadataValue, alt: str) -> ET.Element:
    start, _, rest = str(chart.value).partition("base64,")
    assert start == f"![{alt}](data:image/svg+xml;"
    return ET.fromstring(base64.b64decode(rest.removesuffix(")")))


def test_a_label_or_a_name_is_text_in_the_picture():
    picture = svg({NASTY: [NASTY, NASTY, "fine"]})

    texts = [element.text for element in picture.iter() if element.tag.endswith("text")]
    assert texts == [NASTY, NASTY, "2 (67%)", "fine", "1 (33%)"]
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} == {"svg", "rect", "text"}


def test_no_tickets_are_said_to_be_none():
    assert distribution({"intent": []}).value == "no tickets"


def test_columns_are_as_high_as_their_values_say_and_their_words_are_text():
    drawn = picture(columns({NASTY: [4, 0, 1], "small": [2, 0, 0]}, ["a", "", NASTY], "hours", unit=" s"), "hours")

    boxes = [element.attrib for element in drawn.iter() if element.tag.endswith("rect") and "x" in element.attrib]
    heights = [float(box["height"]) for box in boxes if box["height"] != "10"]  # a legend's
    assert heights == [PLOT, PLOT / 4, PLOT / 2]
    texts = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    assert texts == ["4 s", "0", NASTY, "small", "a", NASTY]
    assert {element.tag.rpartition("}")[2] for element in drawn.iter()} == {"svg", "rect", "text", "line"}


def test_a_chart_of_noughts_says_that_there_are_none():
    assert columns({"tickets": [0, 0.0]}, ["a", "b"], "hours").value == "no tickets"
    assert bars({"reasons": Counter()}, "reasons").value == "no tickets"
