"""Lifecycle rules in the form of old buckets, which the local server does not keep."""

import pytest

from resources.lifecycle import beside, expiration, refuse
from resources.provision import ProvisionError

OLD = {"ID": "theirs", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 9}}


def test_a_rule_with_its_prefix_outside_a_filter_says_the_same_with_one():
    ours = expiration("ours", "assets/", 30)

    assert beside([OLD], [ours]) == [
        {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}},
        ours,
    ]


def test_our_rule_as_it_stood_is_replaced_and_one_without_an_id_is_kept():
    ours, nameless = expiration("ours", "assets/", 60), {"Status": "Enabled", "Filter": {"Prefix": "x"}}

    assert beside([expiration("ours", "assets/", 30), nameless], [ours]) == [nameless, ours]


def test_an_old_rule_that_would_remove_what_must_stay_is_refused():
    refuse("b", beside([OLD], []), ["batches/"])
    with pytest.raises(ProvisionError, match="rule 'theirs' of bucket b removes objects under 'batches/old'"):
        refuse("b", beside([{**OLD, "Prefix": "batches/old"}], []), ["search/", "batches/"])
