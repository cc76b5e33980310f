"""transformers' beam search in CTranslate2's terms: its options, and which of its hypotheses transformers would return.

Pure: no engine. Compared with transformers 5.23 `_beam_search` and CTranslate2 4.8 `BeamSearch::search`, which agree
on candidates (twice the beams), on when a text is done with early stopping, and on score / length ** penalty. They
differ in

- the forced end mark: transformers gives it, with probability 1, to all beams that reach the last place. CTranslate2
  knows no such rule, so it is stopped one token before, and `choose` adds the end mark and scores anew;
- rules that forbid tokens: CTranslate2 gives their probability to the others, transformers where it is told to
  (`renormalize_logits`), as the reference engine tells it;
- an end mark right after the forced first token: CTranslate2 takes it only where nothing is likelier, and so returns
  an empty summary less readily. A least length of 3 or more, such as DistilBART's, forbids it anyway;
- a text without a token: CTranslate2 answers with an empty summary, transformers makes one up.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from resources.models.bart_summarizer import shortest


class Hypothesis(NamedTuple):
    """Generated tokens, the forced first one and the end mark included, and log-probability / length ** penalty."""

    tokens: list[str]
    score: float


class Search(NamedTuple):
    """One model's search, for summaries of at most `most` tokens."""

    beams: int
    no_repeat_ngram: int
    length_penalty: float
    least: int
    most: int
    prefix: list[str]
    end: str
    end_is_forced: bool

    def options(self, *, to_the_end: bool = False) -> dict[str, Any]:
        """`translate_batch`'s own; `to_the_end` decodes the place of the forced end mark too."""
        return {
            "beam_size": self.beams,
            "num_hypotheses": self.beams,
            "no_repeat_ngram_size": self.no_repeat_ngram,
            "length_penalty": self.length_penalty,
            "min_decoding_length": max(self.least - 1, 0),  # transformers counts the start token
            "max_decoding_length": self.most if to_the_end else self.most - self.end_is_forced,
            "return_end_token": True,
            "return_scores": True,
        }

    def choose(self, hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, bool]:
        """What transformers returns, of hypotheses found with `options()` and best first, and whether that is sure.

        Not where the best was cut and others had finished: if as many had as there are beams, the search was over
        before the end mark was forced, and these few do not tell. `settle` does.
        """
        cut = next((h for h in hypotheses if h.tokens[-1] != self.end), None)
        if cut is None or not self.end_is_forced:
            return hypotheses[0], True
        length = len(cut.tokens)
        forced = Hypothesis([*cut.tokens, self.end], cut.score * (length / (length + 1)) ** self.length_penalty)
        finished = next((h for h in hypotheses if h.tokens[-1] == self.end), forced)
        return max(forced, finished, key=lambda h: h.score), finished is forced or finished.score >= forced.score

    def settle(self, chosen: Hypothesis, to_the_end: Sequence[Hypothesis]) -> Hypothesis:
        """What is right where `choose` was not sure, by the hypotheses of a search `to_the_end`."""
        went_on = any(len(h.tokens) == self.most for h in to_the_end)
        return chosen if went_on else to_the_end[0]


def search_of(generation: Mapping[str, Any], max_new_tokens: int) -> Search:
    """The search that a model's own generation config asks for, as its conversion wrote it down, in another length."""
    first = generation["forced_first"]
    return Search(
        beams=generation["num_beams"] or 1,
        no_repeat_ngram=generation["no_repeat_ngram_size"] or 0,
        length_penalty=1.0 if generation["length_penalty"] is None else generation["length_penalty"],
        least=shortest(generation["min_length"], generation["max_length"], max_new_tokens),
        most=max_new_tokens,
        prefix=[] if first is None else [first],
        end=generation["end"],
        end_is_forced=generation["end_is_forced"],
    )
