"""Which texts are in a language that the models serve, by py3langid; what cannot be told is taken to be served."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# MiniLM and the label files know English; zxx is what is no language, such as a stack trace.
SERVED = {"en", "zxx"}
# At .9 none of the label files' 779 examples is taken for another language.
SURE = 0.9
# Short texts of other scripts stay under it, yet no model here reads them: fewer Latin letters than this is enough.
LATIN = 0.5
CHARACTERS = 1_000


def served(texts: Sequence[str]) -> list[bool]:
    """Whether each text is in a language that the models serve, or may well be."""
    return [_served(text[:CHARACTERS]) for text in texts]


def language(text: str) -> tuple[str, float]:
    """The likeliest ISO 639 code and its probability."""
    code, probability = _identifier().classify(text)
    return code, float(probability)


def _served(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return True
    if sum(ord(character) < 0x250 for character in letters) < LATIN * len(letters):  # noqa: PLR2004 - Latin's blocks
        return False
    code, probability = language(text)
    return code in SERVED or probability < SURE


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    """Read the model once a process: a moment, and its file is numpy's, without pickle."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
