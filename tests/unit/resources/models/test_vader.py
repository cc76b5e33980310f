"""The quick way to VADER's score, against the library's own."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import (  # noqa: TID253
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from resources.models.vader import analyzer
from ticket_generator.generator import TicketGenerator

LIBRARY = SentimentIntensityAnalyzer()
# What the library's rules look for around a word of the lexicon.
SIGNALS = ("but", "no", "or", "nor", "at", "least", "so", "this", "never", "without", "doubt", "kind", "of")
PHRASES = sorted({*SIGNALS, *BOOSTER_DICT, *NEGATE, *SPECIAL_CASES})
MARKS = ["!", "!!!", "?", "??", ",", ".", ":)", ":-(", "'", "\n", "  "]
LEXICON = sorted(LIBRARY.lexicon)
EMOJIS = sorted(LIBRARY.emojis)


def texts() -> st.SearchStrategy[str]:
    """Words of the lexicon among those that turn them, in any case, with marks, emoji and others between."""
    others = st.sampled_from(["the", "invoice", "is", "it"]) | st.text(max_size=4)
    words = st.sampled_from(LEXICON) | st.sampled_from(PHRASES) | others
    cased = st.builds(lambda word, case: case(word), words, st.sampled_from([str, str.upper, str.title]))
    return st.lists(cased | st.sampled_from(MARKS) | st.sampled_from(EMOJIS), max_size=16).map(" ".join)


def own(text: str) -> float:
    return LIBRARY.polarity_scores(text)["compound"]


@given(texts())
@example("good, good but good and good, GOOD but not that good")
@example("no good, or nor good; the least kind of kind people, at least kind")
@example("they mustn't've great")
@example("  \u00a0great\u2028")
def test_any_text_has_the_librarys_score(text):
    assert analyzer().compound(text) == own(text)


@pytest.mark.parametrize("phrase", [*SPECIAL_CASES, *BOOSTER_DICT])
@pytest.mark.parametrize("place", ["{} great", "it was {} great", "it is great {}", "so great the {} great thing"])
def test_every_phrase_that_the_library_knows_has_its_score(place, phrase):
    text = place.format(phrase)
    assert analyzer().compound(text) == own(text)


def test_generated_tickets_have_the_librarys_score():
    generator = TicketGenerator(seed=3)
    tickets = [generator.generate(0)["body"] for _ in range(200)]
    found = [analyzer().compound(text) for text in tickets]
    assert found == [own(text) for text in tickets]
    assert min(found) < 0 < max(found)
