import re
from random import Random

import pytest

from ticket_generator.texts import INTENTS, Template, load
from ticket_generator.wording import CHOICE, SLOT, Writer

TEXTS = load()
TELLINGS = [telling for incident in TEXTS.incidents for telling in incident.tellings]
TEMPLATES = TEXTS.templates + TELLINGS
SOURCES = {"email", "web", "chat", "phone", "api"}


def name_of(template) -> str:
    return f"{template.intent}-{template.subjects[0][:30]}"


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_no_template_leaves_a_slot_or_a_choice_open(template):
    for seed in range(40):
        words = Writer(Random(seed), TEXTS).write(template, {})
        said = re.sub(r"^> ", "", f"{words.subject}\n{words.body}", flags=re.MULTILINE)
        assert not re.search(r"[{}<>|]|None", said)
        assert said == said.strip()
        assert "  " not in said
        assert words.source in SOURCES


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_every_slot_and_mood_that_a_template_uses_exists(template):
    for text in [*template.subjects, template.body, *template.details]:
        assert {slot for slot, _ in SLOT.findall(text)} <= TEXTS.slots.keys()
    assert template.mood in TEXTS.greetings
    assert template.mood in TEXTS.closings
    assert template.urgency in {"critical", "high", "medium", "low"}


def test_slots_that_hold_slots_know_them():
    for values in TEXTS.slots.values():
        for value in values:
            assert {slot for slot, _ in SLOT.findall(value)} <= TEXTS.slots.keys()


def test_every_intent_has_seven_templates_from_one_line_to_a_letter_in_several_moods():
    for intent in INTENTS:
        own = [template for template in TEXTS.templates if template.intent == intent]
        lengths = [len(CHOICE.sub(lambda choice: choice[1].split("|")[0], template.body).split()) for template in own]
        assert len(own) >= 7
        assert min(lengths) <= 20
        assert max(lengths) >= 200
        assert len({template.mood for template in own}) >= 4


def test_a_slot_stays_the_same_within_a_ticket_and_its_second_value_differs():
    for seed in range(50):
        known: dict[str, str] = {}
        said = Writer(Random(seed), TEXTS).worded("{plan}/{plan2}/{plan}", known).split("/")
        assert said[0] == said[2] == known["plan"]
        assert said[1] != said[0]


def test_digits_of_slots_are_drawn_anew_and_a_percent_sign_never_gives_a_leading_zero():
    drawn = {Writer(Random(seed), TEXTS).worded("{order}", {}) for seed in range(200)}
    assert len(drawn) > 150
    assert all(re.fullmatch(r"(ORD-|SO-|PO )[1-9]\d{4,5}", order) for order in drawn)


def test_lone_line_breaks_join_and_paragraphs_items_and_quotations_stay():
    said = Writer(Random(0), TEXTS).worded("one\ntwo\n\nthree\n- four\n1. five\n> six\nseven", {})
    assert said == "one two\n\nthree\n- four\n1. five\n> six seven"


def test_a_template_may_refuse_the_details_of_its_intent():
    own = {bool(template.details) for template in TEXTS.templates if template.intent == "login_issue"}
    assert own == {True, False}


def test_details_and_greetings_come_with_some_letters_and_never_with_phone_notes():
    def bodies(mood: str, source: str | None, length: int = 40) -> list[str]:
        text = "word " * (length - 1) + "end"
        template = Template("bug_report", "low", mood, ["s"], text, source, ["A detail."])
        return [Writer(Random(seed), TEXTS).write(template, {}).body for seed in range(60)]

    polite, angry, phone = bodies("polite", "email"), bodies("angry", "email"), bodies("neutral", "phone")
    assert 10 < sum("A detail." in body for body in polite) < 50
    assert 40 < sum(not body.startswith("word") for body in polite) < 60
    assert not any(
        "A detail." in body for body in angry + bodies("polite", "email", 10) + bodies("polite", "email", 200)
    )
    assert all(body.startswith("word") and body.endswith("end") for body in phone)


def test_slips_misspell_at_most_three_words_and_leave_the_rest():
    text = "Because I received the password problem, my account password is definitely not working with this address."
    for seed in range(30):
        slipped = Writer(Random(seed), TEXTS).slip(text)
        changed = [new for old, new in zip(text.split(), slipped.split(), strict=True) if old != new]
        assert 1 <= len(changed) <= 3
        assert {word.strip(".,") for word in changed} <= set(TEXTS.slips.values())
