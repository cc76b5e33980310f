from collections.abc import Sequence

import numpy as np
import pytest

from resources.models.extractive_summarizer import ExtractiveSummarizer, _Context, choose, shorten, tokens
from resources.models.roles import Embedder
from resources.models.sentences import content_sentences

CALLS: list[list[str]] = []  # outside the resource, which Dagster may copy


class WordEmbedder(Embedder):
    """A vector of letter counts: texts that share words are alike."""

    @property
    def version(self) -> str:
        return "letters"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        CALLS.append(list(texts))
        rows = np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts])
        rows = rows.reshape(len(texts), 26) + 1e-6
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def summarizer() -> ExtractiveSummarizer:
    CALLS.clear()
    return ExtractiveSummarizer(embedder=WordEmbedder())


def _unit(*rows: list[float]) -> np.ndarray:
    array = np.array(rows, dtype=np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


LONG = " ".join(f"Sentence number {word} talks about the failing page at some length here." for word in "abcdefgh")


def test_the_nearest_sentence_to_the_text_is_chosen():
    sentences = _unit([1, 0, 0], [0, 1, 0.1], [0.1, 0, 1])

    assert choose(sentences, _unit([0, 1, 0])[0], [10, 10, 10], budget=10) == [1]


def test_a_repetition_gives_way_to_something_new():
    sentences = _unit([1, 0.2, 0], [1, 0.2, 0.01], [0.3, 1, 0])

    assert choose(sentences, _unit([1, 0.5, 0])[0], [10, 10, 10], budget=20) == [0, 2]


def test_of_nearly_equals_the_first_is_chosen():
    assert choose(_unit([1, 0.3], [1, 0.2]), _unit([1, 0])[0], [10, 10], budget=10) == [0]


def test_chosen_sentences_stand_in_their_original_order():
    sentences = _unit([0.2, 1, 0], [0, 0, 1], [1, 0.1, 0])

    assert choose(sentences, _unit([1, 0.3, 0])[0], [10, 10, 10], budget=20) == [0, 2]


def test_a_sentence_that_no_longer_fits_gives_way_to_a_shorter_one():
    sentences = _unit([1, 0, 0], [0.1, 1, 0], [0.1, 0, 1])
    text = _unit([1, 0.8, 0.6])[0]

    assert choose(sentences, text, [10, 30, 5], budget=40) == [0, 1]
    assert choose(sentences, text, [10, 30, 5], budget=15) == [0, 2]


def test_the_best_sentence_is_chosen_even_where_it_is_too_long():
    assert choose(_unit([1, 0], [0, 1]), _unit([1, 0])[0], [90, 5], budget=50) == [0]


def test_the_same_sentence_is_never_added_twice_however_much_room_is_left():
    assert choose(_unit([1, 0], [1, 0], [1, 0]), _unit([1, 0])[0], [5, 5, 5], budget=50) == [0]


def test_all_texts_and_sentences_are_embedded_in_one_call(summarizer: ExtractiveSummarizer):
    summarizer.summarize([LONG, "Short one.", LONG.upper()])

    assert [len(call) for call in CALLS] == [2 * (1 + 8)]


def test_each_text_has_a_summary_of_its_own_sentences_in_order(summarizer: ExtractiveSummarizer):
    texts = [LONG, "Short one.", LONG.replace("page", "invoice")]

    summaries = summarizer.summarize(texts)

    assert summaries[1] == "Short one."
    for text, summary in zip(texts, summaries, strict=True):
        quoted = [part if part.endswith(".") else f"{part}." for part in summary.split(". ")]
        positions = [text.index(sentence) for sentence in quoted]
        assert positions == sorted(positions)
        assert 0 < tokens(summary) <= 50


def test_of_megabytes_only_the_beginning_is_embedded(summarizer: ExtractiveSummarizer):
    summarizer.summarize([f"The page fails. {'word ' * 50_000}. The rest is a log."])
    summarizer.summarize(["The page fails again. " * 500])

    assert [len("".join(call)) < 50_000 for call in CALLS] == [True, True]
    assert [len(call) for call in CALLS] == [3, 41]


def test_a_batch_gives_what_one_text_at_a_time_gives(summarizer: ExtractiveSummarizer):
    texts = [LONG, "Short one.", LONG[::2], "word " * 99]

    assert summarizer.summarize(texts) == [summarizer.summarize([text])[0] for text in texts]


def test_a_single_long_sentence_is_cut_at_a_word(summarizer: ExtractiveSummarizer):
    (summary,) = summarizer.summarize(["word " * 80])

    assert summary == " ".join(["word"] * 50) + "…"


@pytest.mark.parametrize("text", ["thanks", "😡", "x" * 5000, "-- \n--", ">", "a\n" * 3000, ". . . ."])
def test_no_text_is_left_without_a_summary(summarizer: ExtractiveSummarizer, text: str):
    (summary,) = summarizer.summarize([text])

    assert summary.strip()
    assert tokens(summary) <= 51


def test_a_blank_text_is_an_error_that_names_its_place_and_no_texts_are_none(summarizer: ExtractiveSummarizer):
    with pytest.raises(ValueError, match="text 1 is blank"):
        summarizer.summarize(["Something.", " \n "])
    assert summarizer.summarize([]) == []


def test_list_items_are_quoted_with_a_full_stop(summarizer: ExtractiveSummarizer):
    assert summarizer.summarize(["- Open the page\n- Click on save"]) == ["Open the page. Click on save."]


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 3, "one two three"),
        ("one two, three", 2, "one two…"),
        ("one " + "x" * 50, 2, "one…"),
        ("x" * 50, 2, "x" * 40 + "…"),
    ],
)
def test_shortening_cuts_after_whole_words_where_there_are_any(text: str, limit: int, short: str):
    assert shorten(text, limit) == short


def test_the_version_changes_with_the_embedder_and_the_length(summarizer: ExtractiveSummarizer):
    assert "letters" in summarizer.version
    assert summarizer.version != ExtractiveSummarizer(embedder=WordEmbedder(), max_tokens=20).version


def test_sentences_are_weighed_against_their_context_and_quoted_from_the_text_alone(summarizer: ExtractiveSummarizer):
    text = f"{'aaa ' * 30}. {'Zzz ' * 30}. {'Mmm ' * 30}."

    (about_a,), (about_z,) = (summarizer.summarize([text], [f"{word * 90}\n{text}"]) for word in ("aaa ", "zzz "))

    assert (about_a.split()[0], about_z.split()[0]) == ("aaa", "Zzz")
    assert len(about_z.split()) == 31  # of the text, none of the subject's 90


def test_a_sentence_is_looked_for_behind_the_subject_and_in_order(summarizer: ExtractiveSummarizer):
    sentences = content_sentences(LONG)
    context = _Context.of(f"{sentences[0]}\n\n  {LONG}", f"  {LONG}\n")

    places = context.places([*sentences, "Not there."])

    assert [context.text[place] for place in places] == [*sentences, ""]
    assert places[0].start == len(sentences[0]) + 1
