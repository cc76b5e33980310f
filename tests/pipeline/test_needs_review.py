"""Tickets whose labels are in doubt: flagged in the item, found by the sparse index."""

from resources.corrections import NEEDS_REVIEW
from tests.fakes import Doubter, fake_suite
from ticket_assets.domain.doubts import REASONS
from ticket_assets.domain.lists import Wanted
from ticket_assets.stores.correcting import decide
from ticket_assets.stores.lists import Lists

CALM = "The lamp in the hall goes out whenever somebody opens the window of the room beside it."


def doubting_suite():
    return fake_suite(intent=Doubter(names=["login_issue"]), urgency=Doubter(names=["critical", "medium"]))


def listed(pipeline):
    lists = Lists(pipeline.settings.table, pipeline.settings.enriched_bucket)
    return {item["ticket_id"] for item in lists.page(Wanted(NEEDS_REVIEW, REASONS), 10).items}


def test_a_ticket_in_doubt_is_on_the_list_a_sure_one_is_not_and_a_later_run_that_is_sure_takes_it_off(pipeline):
    unsure, sure = pipeline.put("unsure", body=f"puzzling. {CALM}"), pipeline.put("sure", body=CALM)
    batch = pipeline.land(unsure, sure)
    assert pipeline.run(batch, doubting_suite()).success
    (doubted,), (clear,) = pipeline.items("unsure"), pipeline.items("sure")
    assert doubted["needs_review"] == "intent"
    assert "needs_review" not in clear
    assert pipeline.records.head(unsure).metadata["needs-review"] == "intent urgency"
    assert listed(pipeline) == {"unsure"}
    pipeline.run(batch)
    assert listed(pipeline) == set()


def test_a_language_that_the_producer_names_counts_where_the_text_says_little(pipeline):
    told = pipeline.put("told", subject="", body="Hilfe bitte", metadata={"language": "de"})
    untold = pipeline.put("untold", subject="", body="Hilfe bitte")
    assert pipeline.enrich(told, untold).success
    assert pipeline.items("told")[0]["needs_review"] == "language"
    assert "needs_review" not in pipeline.items("untold")[0]


def test_a_decision_takes_only_its_own_label_out_of_doubt(pipeline):
    batch = pipeline.land(pipeline.put("unsure", body=f"puzzling. {CALM}"))
    pipeline.run(batch, doubting_suite())
    for label, doubts in ({"sentiment": "NEUTRAL"}, "intent urgency"), ({"intent": "login_issue"}, "urgency"):
        decide(pipeline.stores["table"], "unsure", label)
        pipeline.run(batch, doubting_suite())
        (item,) = pipeline.items("unsure")
        assert (item["needs_review"], item["doubts"]) == (doubts.split()[0], doubts)
    decide(pipeline.stores["table"], "unsure", {"urgency": "low"})
    assert listed(pipeline) == set()
    decide(pipeline.stores["table"], "unsure", {})
    assert pipeline.items("unsure")[0]["doubts"] == "intent urgency"


def test_a_ticket_in_another_language_is_flagged_until_all_its_labels_are_decided(pipeline):
    german = "Ich kann mich seit gestern nicht mehr anmelden, bitte helfen Sie mir, es ist sehr dringend."
    assert pipeline.enrich(pipeline.put("german", subject="Hilfe", body=german)).success
    assert pipeline.items("german")[0]["needs_review"] == "language"
    decide(pipeline.stores["table"], "german", {"intent": "login_issue", "urgency": "high"})
    assert pipeline.items("german")[0]["needs_review"] == "language"
    decide(pipeline.stores["table"], "german", {"sentiment": "NEUTRAL"})
    assert "needs_review" not in pipeline.items("german")[0]
