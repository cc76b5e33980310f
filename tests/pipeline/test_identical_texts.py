"""Tickets of one batch that say the same, word for word, as in a mass mailing or a form sent twice; and short ones."""

from collections import Counter

from tests.fakes import POISON, FirstWords, LengthEmbedder, WordClassifier, WordSentiment, fake_suite
from tests.pipeline.conftest import LONG

SEEN: Counter[tuple[str, str]] = Counter()  # outside the resources: Dagster copies them


class CountingEmbedder(LengthEmbedder):
    def embed(self, texts):
        SEEN.update(("embedder", text) for text in texts)
        return super().embed(texts)


class CountingClassifier(WordClassifier):
    role: str

    def classify(self, texts, vectors):
        SEEN.update((self.role, text) for text in texts)
        return super().classify(texts, vectors)


class CountingSentiment(WordSentiment):
    def classify(self, texts, vectors):
        SEEN.update(("sentiment", text) for text in texts)
        return super().classify(texts, vectors)


class CountingSummarizer(FirstWords):
    def summarize(self, texts, contexts=()):
        SEEN.update(("summarizer", text) for text in texts)
        return super().summarize(texts, contexts)


def suite():
    SEEN.clear()
    names = ["login_issue", "general_inquiry"]
    return fake_suite(
        embedder=CountingEmbedder(),
        intent=CountingClassifier(role="intent", names=names),
        urgency=CountingClassifier(role="urgency", names=["critical", "medium"]),
        sentiment=CountingSentiment(),
        summarizer=CountingSummarizer(),
    )


def test_each_model_sees_a_text_once_and_every_ticket_gets_its_answer(pipeline):
    same = {"subject": "login_issue", "body": LONG}
    keys = [pipeline.put(name, **same) for name in ("t1", "t2", "t3")]
    assert pipeline.enrich(*keys, pipeline.put("t4", subject="bad thing", body=f"bad {LONG}"), suite=suite()).success

    inferred = Counter(role for (role, text), _ in SEEN.items() if LONG.strip() in text)
    assert inferred == {"embedder": 2, "intent": 2, "urgency": 2, "sentiment": 2, "summarizer": 2}
    assert {number for (_, text), number in SEEN.items() if LONG.strip() in text} == {1}
    first, second, third, other = (pipeline.record(name)["enrichment"] for name in ("t1", "t2", "t3", "t4"))
    answers = ("embedding", "intent", "urgency", "sentiment", "summary")
    assert [first[name] for name in answers] == [second[name] for name in answers] == [third[name] for name in answers]
    assert (first["intent"], other["intent"]) == ("login_issue", "general_inquiry")
    assert (first["sentiment"], other["sentiment"]) == ("NEUTRAL", "NEGATIVE")


def test_a_body_under_twenty_words_is_never_shown_to_the_summarizer(pipeline):
    short, enough = ("one " * words for words in (19, 20))
    assert pipeline.enrich(
        pipeline.put("short", body=short), pipeline.put("enough", body=enough), suite=suite()
    ).success

    assert [text.split() for role, text in SEEN if role == "summarizer"] == [["one"] * 20]
    assert pipeline.record("short")["enrichment"]["summary"] == "login_issue of short"
    assert pipeline.record("enough")["enrichment"]["summary"] == "one one one one one"


def test_a_text_that_breaks_a_model_puts_every_ticket_with_it_in_quarantine_and_no_other(pipeline):
    keys = [pipeline.put(name, subject="same", body=f"{POISON} {LONG}") for name in ("bad1", "bad2")]
    assert pipeline.enrich(keys[0], pipeline.put("good"), keys[1], suite=suite()).success

    assert {entry.key: entry.reason for entry in pipeline.quarantine.entries()} == {
        "bad1.json": "model_failure",
        "bad2.json": "model_failure",
    }
    assert pipeline.record("good")
