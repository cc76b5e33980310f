from ticket_assets.domain.doubts import reasons


def test_reasons_come_in_their_order_of_weight():
    found = reasons({"sentiment", "intent", "urgency"}, served=True, explicit_urgency=False)
    assert found == ["intent", "urgency", "sentiment"]


def test_an_urgency_that_the_customer_stated_is_not_in_doubt():
    assert reasons({"urgency"}, served=True, explicit_urgency=True) == []


def test_a_language_that_is_not_served_puts_everything_in_doubt():
    assert reasons({"intent"}, served=False, explicit_urgency=True) == ["language"]


def test_nothing_in_doubt_needs_nobody():
    assert reasons(set(), served=True, explicit_urgency=False) == []
