import re

import numpy as np

from tickets_cli.evaluation import Labelled
from tickets_cli.evaluation_report import html_labels, markdown_labels

FOUND = Labelled(
    role="intent",
    truth=["a", "a", "a", "b"],
    said=["a", "a", "b", "b"],
    confidences=np.array([0.95, 0.85, 0.55, 0.65]),
    rivals={"prototype": 0.5, "keywords": 0.25},
    milliseconds=0.1234,
    doubted=0.25,
)
SECTION = """\
## rows.jsonl (intent, 4 rows)

- macro-F1 0.733 (prototype 0.500, keywords 0.250)
- accuracy 0.750, 95 % interval 0.301 to 0.954; 1.000 on the most confident half
- calibration error 0.275
- coverage at a precision of 0.9: 0.750; in doubt: 0.250
- 0.123 ms a row for label and doubt, embedding excluded

| label | precision | recall | F1 | rows |
| --- | --- | --- | --- | --- |
| a | 1.000 | 0.667 | 0.800 | 3 |
| b | 0.500 | 1.000 | 0.667 | 1 |

| confidence | accuracy | rows |
| --- | --- | --- |
| 0.55 | 0.00 | 1 |
| 0.65 | 1.00 | 1 |
| 0.85 | 1.00 | 1 |
| 0.95 | 1.00 | 1 |

| truth, said: | a | b |
| --- | --- | --- |
| a | 2 | 1 |
| b | 0 | 1 |
"""


def test_a_files_section_has_every_measure_with_its_value():
    assert markdown_labels("rows.jsonl", FOUND) == SECTION


def test_the_page_plots_accuracy_over_confidence_and_shades_the_confusion():
    page = html_labels("rows.jsonl", FOUND)
    dots = re.findall(r'<circle cx="(\d+)" cy="(\d+)" r="(\d+)"/>', page)
    assert dots == [("132", "240", "6"), ("156", "0", "6"), ("204", "0", "6"), ("228", "0", "6")]
    cells = re.findall(r"rgba\(30,100,200,([\d.]+)\)\">(\d)</td>", page)
    assert cells == [("1.00", "2"), ("0.50", "1"), ("0.00", "0"), ("0.50", "1")]
    assert re.findall(r"<th>([^<]*)</th>", page) == ["truth, said:", "a", "b", "a", "b"]
