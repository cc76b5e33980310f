"""The quick way of matching gives the very answers of one full pattern for all phrases, which is written anew here."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resources.models.label_file import LabelFile, load
from resources.models.label_matching import keyword_count, ruling

LABELS = Path(__file__).parents[4] / "ticket_assets" / "labels"
AWKWARD = [
    ["log in", "login", "kiss", "risk", "API", "api", "api key", "api_key"],
    ["doesn't work", "can\u2019t  log in", "C++", "c", "#1", "!!", "24/7"],
    ["cancel", "cancel my plan", "my plan", "plan", "st\u00f6rung", "\u00b5s", "\u03c3\u03bf\u03c2"],
    [],
]
EVERYTHING = 1_000
# What a pattern that ignores case takes for s, i and k, though most of them are no other case of these.
TWINS = {"s": "\u017f", "i": "\u0130", "I": "\u0131", "k": "\u212a", "K": "\u212a"}
CASES = [str.lower, str.upper, str.title, str.swapcase, lambda text: text.translate(str.maketrans(TWINS))]
BETWEEN = ["", " ", "  ", "\n", "\t\u00a0", "\u2003", "-", ". ", "_", "'", "\u2019", "\u0307", "\u00e9", "\u00df", "7"]


def awkward_file():
    labels = {
        str(n): {"description": "d", "keywords": words, "examples": ["x", "y", "z"]} for n, words in enumerate(AWKWARD)
    }
    rules = [{"label": str(n), "phrases": words, "why": "w"} for n, words in enumerate(AWKWARD) if words]
    return LabelFile.model_validate({"description": "?", "labels": labels, "rules": rules, "hash": "0"})


FILES = {"awkward": awkward_file(), **{name: load(str(LABELS / f"{name}.yaml")) for name in ("intent", "urgency")}}


def phrases_of(file):
    return [p for label in file.labels.values() for p in label.keywords] + [p for r in file.rules for p in r.phrases]


def found(phrases, text):
    """The distinct matches, in lower case."""
    straight = [phrase.replace("\u2019", "'") for phrase in phrases]
    longest_first = sorted(straight, key=len, reverse=True)
    either = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in longest_first)
    pattern = rf"(?<!\w)(?:{either})(?!\w)"
    matches = re.findall(pattern, text.replace("\u2019", "'"), re.IGNORECASE) if phrases else []
    return {match.lower() for match in matches}


def texts(file):
    """Whole phrases and single words of them, in any case and beside anything."""
    phrases = phrases_of(file)
    pieces = st.sampled_from(phrases + [word for phrase in phrases for word in phrase.split()])
    cased = st.builds(lambda piece, case: case(piece), pieces, st.sampled_from(CASES))
    spaced = st.builds(lambda piece, space: piece.replace(" ", space), cased, st.sampled_from(BETWEEN))
    return st.lists(st.one_of(spaced, st.sampled_from(BETWEEN), st.text(max_size=3)), max_size=12).map("".join)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_keywords_are_counted_as_by_one_pattern_a_label(name, data):
    file = FILES[name].model_copy(update={"denied_by": []})
    text = data.draw(texts(file))
    assert keyword_count(file, text, EVERYTHING) == [len(found(v.keywords, text)) for v in file.labels.values()]


@pytest.mark.parametrize("name", ["awkward", "urgency"])
@given(data=st.data())
def test_the_rule_is_the_first_whose_pattern_matches(name, data):
    bare = [rule.model_copy(update={"unless": [], "unless_before": []}) for rule in FILES[name].rules]
    file = FILES[name].model_copy(update={"rules": bare})
    text = data.draw(texts(file))
    assert ruling(file, text) == next((rule for rule in bare if found(rule.phrases, text)), None)


@given(st.text())
@example("RI\u017fK and ri\u017fk, K\u0130SS, k\u0131ss, \u212aiss")
@example("ST\u00d6RUNG, \u03a3\u039f\u03a3, 5 \u039cs")
@example("cancel my  plan, cancel my\nplan, api API Api")
@example("login\u00e9, login\u0307, _login, login2, login-2")
def test_any_text_is_matched_as_by_the_patterns(text):
    file = FILES["awkward"]
    assert keyword_count(file, text, EVERYTHING) == [len(found(words, text)) for words in AWKWARD]
    assert ruling(file, text) == next((rule for rule in file.rules if found(rule.phrases, text)), None)


def test_only_four_letters_beyond_ascii_are_of_the_same_case_to_a_pattern():
    """What the quick way rests on: of them, `lower` turns the last into k; no other needs the patterns."""
    letters = "".join(map(chr, range(0x80, 0x110000)))
    assert re.findall("[!-~]", letters, re.IGNORECASE) == ["\u0130", "\u0131", "\u017f", "\u212a"]
    assert "\u212a".lower() == "k"
    unlike = [c for c in letters if bool(re.match(r"\w", c)) != bool(re.fullmatch(r"\w+", c.lower()))]
    assert unlike == ["\u0130"]
