from resources.corrections import computed_item, doubted, entry, history, in_force, with_history

COMPUTED = {"id": {"S": "t"}, "intent": {"S": "bug"}, "mood": {"S": "calm"}, "needs_review": {"S": "intent"}}
SETTLED_BY = {"language": ["intent", "mood"], "intent": ["intent"]}


def say(**values):
    return entry("2026-01-01T00:00:00Z", {name: {"S": value} for name, value in values.items()})


def test_a_decision_wins_and_settles_what_it_makes_needless():
    item = with_history(COMPUTED, [say(intent="bill")], SETTLED_BY)
    assert (item["intent"], item["mood"]) == ({"S": "bill"}, {"S": "calm"})
    assert "needs_review" not in item
    assert item["revision"] == {"N": "1"}


def test_a_reason_stands_until_all_that_it_doubts_is_decided_and_the_gravest_is_named():
    doubted_ = {**COMPUTED, **{name: {"S": text} for name, text in doubted(["language", "intent", "other"]).items()}}
    one = with_history(doubted_, [say(intent="bill")], SETTLED_BY)
    both = with_history(doubted_, [say(intent="bill"), say(mood="angry")], SETTLED_BY)
    assert (one["needs_review"], one["doubts"]) == ({"S": "language"}, {"S": "language other"})
    assert (both["needs_review"], both["doubts"]) == ({"S": "other"}, {"S": "other"})
    assert computed_item(both) == doubted_


def test_what_was_computed_comes_back_whole_however_often_it_was_decided_over():
    item = with_history(COMPUTED, [say(intent="bill"), say(intent="other", mood="angry")], SETTLED_BY)
    assert computed_item(item) == COMPUTED
    assert computed_item(COMPUTED) == COMPUTED


def test_later_decisions_add_to_earlier_ones_and_undoing_ends_all_of_them_but_their_record():
    first, second, undone = say(intent="bill"), say(mood="angry"), entry("2026-01-02T00:00:00Z", {})
    assert in_force([first, second]) == {"intent": {"S": "bill"}, "mood": {"S": "angry"}}
    item = with_history(COMPUTED, [first, undone], SETTLED_BY)
    assert (item["intent"], item["needs_review"]) == (COMPUTED["intent"], COMPUTED["needs_review"])
    assert history([item]) == [first, undone]


def test_the_history_of_what_stands_has_every_decision_once_and_the_longest_list_first():
    first, again, elsewhere = say(intent="a"), say(intent="b"), say(mood="angry")
    short, long = with_history(COMPUTED, [first, elsewhere]), with_history(COMPUTED, [first, again, first])
    assert history([short, long, COMPUTED]) == [first, again, first, elsewhere]
    assert history([]) == []


def test_without_decisions_an_item_stays_as_it_was_computed():
    assert with_history(COMPUTED, [], SETTLED_BY) == COMPUTED
