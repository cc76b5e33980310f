"""Which texts are in a language that the models serve, by py3langid; what cannot be told is taken to be served."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# MiniLM and the label files know English; zxx is what is no language, such as a stack trace.
SERVED = {"en", "zxx"}
# Another language must be likely, and this many times likelier than English. None of the label files' 1,034 examples is
# taken for another language, and 20 of 24 sentences of two to seven foreign words are; a bar of .9 alone caught 3.
LIKELY, TIMES = 0.3, 50
# Short texts of other scripts stay under it, yet no model here reads them: fewer Latin letters than this is enough.
LATIN = 0.5
CHARACTERS = 1_000


def served(texts: Sequence[str], declared: Sequence[str] = ()) -> list[bool]:
    """Whether each text is in a language that the models serve, or may well be.

    `declared` is what the producer says of each ("de", "pt-BR"). Another language than English there is believed unless
    the text is likely English; "en" is no evidence, since producers send it by default.
    """
    return [_served(text[:CHARACTERS], said) for text, said in zip(texts, declared or [""] * len(texts), strict=True)]


def language(text: str) -> tuple[str, float]:
    """The likeliest ISO 639 code and its probability."""
    code, probability = _identifier().classify(text)
    return code, float(probability)


def _served(text: str, declared: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return True
    if sum(ord(character) < 0x250 for character in letters) < LATIN * len(letters):  # noqa: PLR2004 - Latin's blocks
        return False
    found = {code: float(probability) for code, probability in _identifier().rank(text)}
    likeliest = max(found, key=found.__getitem__)
    told = declared.strip().lower().replace("_", "-").split("-")[0]
    if told in found and told not in SERVED:
        return likeliest in SERVED and found[likeliest] >= LIKELY
    return likeliest in SERVED or found[likeliest] < max(LIKELY, TIMES * found["en"])


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    """Read the model once a process: a moment, and its file is numpy's, without pickle."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
