"""DynamoDB's attribute format, and back."""

import json

from resources.attributes import from_item, to_item

VALUES = {"whole": 1, "share": 0.53, "map": {"share": 0.1, "list": [0.25, {"n": 2}, "x"]}, "none": None, "no": False}


def test_values_come_back_as_they_were_within_maps_and_lists_too():
    assert from_item(to_item(VALUES)) == VALUES
    assert json.loads(json.dumps(from_item(to_item(VALUES)))) == VALUES
