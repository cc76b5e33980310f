import pytest

from resources.models.sentences import content_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It crashed. Please help! Why? It ran.", ["It crashed.", "Please help!", "Why?", "It ran."]),
        ("it crashed. please help me", ["it crashed.", "please help me"]),
        ("Use a browser, e.g. Firefox, to open it.", ["Use a browser, e.g. Firefox, to open it."]),
        ("Mr. J. Smith called at 5 p.m. about it.", ["Mr. J. Smith called at 5 p.m. about it."]),
        ("Acme Inc. It failed there.", ["Acme Inc.", "It failed there."]),
        ("Since v2.3.1 the page https://a.example/b.html?c=d fails.", None),
        ("Well... it works now. Maybe... We will see.", ["Well... it works now.", "Maybe...", "We will see."]),
        ('He said "It broke." Then it worked.', ['He said "It broke."', "Then it worked."]),
        ("The page fails in step 2. The log is empty.", None),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str] | None):
    assert content_sentences(text) == (sentences or [text])


def test_lines_that_a_mail_program_broke_are_joined():
    text = "I tried to reset the password this morning, but no e-mail has\nArrived even after an hour.\nthat is\nbad"

    assert content_sentences(text) == [
        "I tried to reset the password this morning, but no e-mail has Arrived even after an hour.",
        "that is bad",
    ]


def test_list_items_stand_alone_and_headings_go():
    text = "Steps:\n1. Open the page\n2) Enter a name\n- Click on save\n\nNothing happens"

    assert content_sentences(text) == ["Open the page", "Enter a name", "Click on save", "Nothing happens"]


@pytest.mark.parametrize(
    "text",
    [
        "Hi team,\n\nthe page fails.\n\nThanks in advance for your help,\nBest regards\nAnna Miller\nAcme Ltd.",
        "Hello support, the page fails.\nKind regards, Bob",
        "Dear Sir or Madam\nthe page fails. Thank you!",
        "the page fails.\n> What is wrong?\n> Bob\nThanks\n\nSent from my phone",
        "hi anna, the page fails.",
    ],
)
def test_courtesies_quoted_mail_and_signatures_are_left_out(text: str):
    assert content_sentences(text) == ["the page fails."]


@pytest.mark.parametrize(
    "text", ["HI MY LOGIN FAILS\nI am locked out.", "Thanks the refund never came\nI want it.", "Hi I am lost\nI wait."]
)
def test_a_line_that_says_something_after_its_courtesy_is_kept(text: str):
    assert content_sentences(text) == text.split("\n")


def test_log_lines_and_stack_traces_are_left_out():
    text = (
        "The import stops.\n2026-01-02 10:11:12,345 ERROR [worker-1] c.e.Import - code=17 file=a.csv\n"
        "    at com.example.Import.run(Import.java:17)\n"
    )

    assert content_sentences(text) == ["The import stops."]


@pytest.mark.parametrize("text", ["thanks", "Hi Bob", "> quoted", "ERR_17", "12345", "Steps:", "😡"])
def test_a_text_of_nothing_else_comes_back_whole(text: str):
    assert content_sentences(text) == [text]


def test_a_blank_text_has_no_sentences():
    assert content_sentences(" \n\t ") == []


@pytest.mark.parametrize("unit", [".", "a.", '"', "! ", "hi ", "thanks, ", "- ", "x", "1. ", " \n", "…)", "\u3002"])
def test_long_runs_of_one_mark_are_no_trouble(unit: str):
    content_sentences(f"Hi {unit * 20_000} \x00")
