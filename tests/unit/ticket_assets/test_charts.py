"""A chart of labels is a picture, whatever the label files call them."""

import base64
from xml.etree import ElementTree as ET

from ticket_assets.assets.charts import distribution

NASTY = "</text><script>alert(1)</script>&\"'](http://x)"


def svg(groups: dict[str, list[str]]) -> ET.Element:
    markdown = str(distribution(groups).value)
    start, _, rest = markdown.partition("base64,")
    assert start == "![label distribution](data:image/svg+xml;"
    return ET.fromstring(base64.b64decode(rest.removesuffix(")")))


def test_a_label_or_a_name_is_text_in_the_picture():
    picture = svg({NASTY: [NASTY, NASTY, "fine"]})

    texts = [element.text for element in picture.iter() if element.tag.endswith("text")]
    assert texts == [NASTY, NASTY, "2 (67%)", "fine", "1 (33%)"]
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} == {"svg", "rect", "text"}


def test_no_tickets_are_said_to_be_none():
    assert distribution({"intent": []}).value == "no tickets"
