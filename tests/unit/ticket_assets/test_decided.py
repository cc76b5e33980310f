"""What people decided of an item's labels, as its readers are told."""

from resources.attributes import from_item, to_item
from resources.corrections import entry, with_history
from ticket_assets.stores.decided import Decided, decided

COMPUTED = to_item({"intent": "login_issue", "intent_confidence": 0.53, "urgency": "high", "urgency_confidence": 1.0})


def item(*decisions: dict[str, object], **fields: object) -> dict[str, object]:
    """An item as readers get it, after these decisions, of a day each."""
    made = [entry(f"2026-01-0{day}T03:04:05Z", to_item(values)) for day, values in enumerate(decisions, 1)]
    return {**from_item(with_history(COMPUTED, made)), **fields}


def test_a_decision_is_told_with_its_time_and_what_the_models_say():
    told = decided(item({"intent": "other", "intent_confidence": 1.0}, {"urgency": "low", "urgency_confidence": 1.0}))

    assert told == {
        "intent": Decided("2026-01-01 03:04:05 UTC", "the models say login_issue (0.53)"),
        "urgency": Decided("2026-01-02 03:04:05 UTC", "the models say high (1.00)"),
    }


def test_a_priority_that_a_person_overruled_is_the_producers():
    (told,) = decided(item({"urgency": "low", "urgency_confidence": 1.0}, priority=" High ")).values()

    assert told.instead == "the producer says high"


def test_the_last_decision_counts_and_none_that_was_undone():
    one, other = ({"intent": label, "intent_confidence": 1.0} for label in ("one", "other"))

    assert decided(item(one, other))["intent"].when == "2026-01-02 03:04:05 UTC"
    assert decided(item(one, {}, other))["intent"].when == "2026-01-03 03:04:05 UTC"
    assert decided(item(one, {})) == {}
    assert decided(item()) == {}
