"""A day's sums from what batches told: by hour, label and tenth; nothing is made up where older code told nothing."""

from ticket_assets.domain.report import Told, day, short_version, unsure

NOW = 1_760_000_000.0
HOUR = 3600


def told(hours_ago: float, **values: object) -> Told:
    return Told(NOW - hours_ago * HOUR, values)


def test_nothing_told_is_a_day_of_nothing():
    found = day({}, NOW)
    assert (found.batches, found.read, found.enriched, found.quarantined) == (0, 0, 0, 0)
    assert found.by_hour["enriched"] == [0] * 24
    assert unsure(found.confidences["intent"]) == 0


def test_tickets_are_summed_by_the_hour_in_which_their_batch_ended():
    stored = [told(0.1, tickets=3), told(0.9, tickets=4), told(23.5, tickets=5), told(24.5, tickets=100)]
    found = day({"ticket_metadata": stored}, NOW)
    assert found.by_hour["enriched"] == [5, *[0] * 22, 7]


def test_what_came_in_is_what_was_read_and_what_was_put_in_quarantine():
    raw = [told(1, tickets=3, quarantined=2, quarantine_reasons={"not_json": 2}), told(2, tickets=1)]
    found = day({"raw_tickets": raw, "enriched_tickets": [told(1, tickets=2, quarantined=1)]}, NOW)
    assert found.read == 6
    assert found.reasons == {"not_json": 2, "model_failure": 1}
    assert found.quarantined == 3
    assert found.by_hour["quarantined"][-2:] == [3, 0]


def test_labels_and_confidences_are_added_up():
    classified = [
        told(1, label_counts={"urgency": {"low": 2, "high": 1}}, confidence_counts={"urgency": [1, *[0] * 8, 2]}),
        told(2, label_counts={"urgency": {"low": 1}}, confidence_counts={"urgency": [0] * 9 + [1]}),
        told(3, tickets=1),
    ]
    found = day({"classified_tickets": classified}, NOW)
    assert found.labels["urgency"] == {"low": 3, "high": 1}
    assert found.confidences["urgency"] == [1, *[0] * 8, 3]
    assert unsure(found.confidences["urgency"]) == 0.25


def test_latency_is_the_median_of_an_hours_batches_and_its_slowest_ticket():
    stored = [told(0.5, put_to_item_seconds=s, put_to_item_seconds_slowest=s + 1) for s in (1.0, 3.0, 8.0)]
    found = day({"ticket_metadata": [*stored, told(0.2, tickets=1)]}, NOW)
    assert (found.latency["median"][-1], found.latency["slowest"][-1]) == (3.0, 9.0)
    assert found.latency["median"][:-1] == [0.0] * 23


def test_versions_are_counted_by_tickets_and_have_short_names_of_their_own():
    raw = [told(1, tickets=3, model_version="a/b@1"), told(1, tickets=4, model_version="a/b@2"), told(1, tickets=5)]
    found = day({"raw_tickets": raw}, NOW)
    assert found.versions == {"a/b@1": 3, "a/b@2": 4}
    names = {short_version(version) for version in found.versions}
    assert len(names) == 2
    assert all(name.startswith("a ") and len(name) == 8 for name in names)
