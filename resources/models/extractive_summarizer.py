"""Summaries by quotation: the sentences nearest to the whole text, no two alike, at most 50 tokens.

Needs no weights but the embedder's. The choice is the pure function `choose`; the splitting is in `sentences`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

import dagster as dg
import numpy as np
from pydantic import Field

from resources.models.roles import Embedder, Summarizer
from resources.models.sentences import content_sentences

# The matter is said near the start, and the embedder reads no further: what follows may be megabytes of log.
_READ = 20_000
_MAX_SENTENCES = 40
_STOPS = ".!?…:;,\u3002\"')]”"
_RELEVANCE = 0.5  # lambda in Carbonell & Goldstein: 1 would ignore repetition, 0.5 rules out an exact one
_LEAD = 0.2  # the share of the first sentence's relevance that the last of many loses; the second loses half of it
_TOKEN = re.compile(r"\S{1,20}")  # a long URL is more than one word's worth of reading


class ExtractiveSummarizer(Summarizer):
    """Quotes a text's most telling sentences, in their order."""

    embedder: dg.ResourceDependency[Embedder]
    max_tokens: int = Field(default=50, gt=0, description="Length of a summary in words (20 characters at most each).")

    @property
    def version(self) -> str:
        """The embedder's version and the rule's; raise the rule's number where `choose` or `sentences` change."""
        return f"extractive-2:{self.max_tokens}+{self.embedder.version}"

    def summarize(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[str]:
        """Return one summary a text, in order, with one call of the embedder.

        Sentences are weighed against the whole of their context. Raises ValueError, naming its place, for a blank text.
        """
        split = [content_sentences(text.strip()[:_READ])[:_MAX_SENTENCES] for text in texts]
        for index, sentences in enumerate(split):
            if not sentences:
                raise ValueError(f"text {index} is blank: there is nothing to summarize")
        summaries = [" ".join(map(_closed, sentences)) for sentences in split]
        long = [i for i, whole in enumerate(summaries) if len(split[i]) > 1 and tokens(whole) > self.max_tokens]
        around = {i: _Context.of(contexts[i] if contexts else texts[i], texts[i]) for i in long}
        rows = self.embedder.embed_parts([around[i].text for i in long], [around[i].places(split[i]) for i in long])
        for i, (text, *vectors) in zip(long, rows, strict=True):
            quotable = [_closed(sentence) for sentence in split[i]]
            chosen = choose(np.stack(vectors), text, [tokens(sentence) for sentence in quotable], self.max_tokens)
            summaries[i] = " ".join(quotable[k] for k in chosen)
        return [shorten(summary, self.max_tokens) for summary in summaries]


class _Context(NamedTuple):
    """The beginning of a text with one space between words, as sentences have them, and where what is quoted begins."""

    text: str
    start: int

    @classmethod
    def of(cls, context: str, quoted: str) -> Self:
        before = " ".join(context[: len(context) - len(quoted.strip())].split())
        return cls(" ".join(context[:_READ].split()), len(before))

    def places(self, sentences: Sequence[str]) -> list[slice]:
        """Each sentence's characters; none for one that is not in the text, such as one that quoted mail parts."""
        found, end = [], self.start
        for sentence in sentences:
            begin = self.text.find(sentence, end)
            end = end if begin < 0 else begin + len(sentence)
            found.append(slice(begin, end) if begin >= 0 else slice(0, 0))
        return found


def _closed(sentence: str) -> str:
    """With a full stop where its writer left it out (in a list, say)."""
    return sentence if sentence[-1] in _STOPS else f"{sentence}."


def choose(sentences: np.ndarray, text: np.ndarray, lengths: Sequence[int], budget: int) -> list[int]:
    """Pick sentences by maximal marginal relevance (Carbonell & Goldstein 1998), and return their indexes in order.

    `sentences` (n, dimension) and `text` (dimension,) are unit vectors; `lengths` and `budget` count tokens. The best
    sentence is always picked, even where it is over the budget alone; the others while they fit and still add more
    relevance than repetition, which the second of two equal sentences never does. Relevance is the cosine to the
    text, reduced from the first sentence to the last, since people say first what is wrong.
    """
    position = 1 - _LEAD + _LEAD / np.arange(1, len(sentences) + 1)
    relevance = sentences @ text * position
    likeness = sentences @ sentences.T
    chosen = [int(np.argmax(relevance))]
    left = budget - lengths[chosen[0]]
    while True:
        gain = _RELEVANCE * relevance - (1 - _RELEVANCE) * likeness[:, chosen].max(axis=1)
        gain[chosen] = -np.inf
        gain[np.asarray(lengths) > left] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            return sorted(chosen)
        chosen.append(best)
        left -= lengths[best]


def tokens(text: str) -> int:
    """How long `text` is in words, where a word over 20 characters counts as several."""
    return len(_TOKEN.findall(text))


def shorten(text: str, limit: int) -> str:
    """Cut `text` after `limit` tokens, at a word's end where it has one before, and mark the cut with "…"."""
    ends = [match.end() for match in _TOKEN.finditer(text)]
    if len(ends) <= limit:
        return text
    whole_words = text[: ends[limit - 1] + 1].rpartition(" ")[0]
    return (whole_words or text[: ends[limit - 1]]).rstrip(" ,;:.-") + "…"
