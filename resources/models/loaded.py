"""A converted model, verified and loaded once a process. Neither torch, transformers nor Dagster is imported."""

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from resources.models import converted
from resources.models.cores import has_avx512
from resources.models.errors import ModelNotAvailable
from resources.models.weights import Weights, resolve

CHARACTERS_A_TOKEN = 16  # more than the text of nearly every ticket has: one read is enough
VECTORS = "CT2_FORCE_CPU_ISA"  # CTranslate2's own variable


class Loaded(NamedTuple):
    """A model ready for inference: CTranslate2's and tokenizers' own, and the facts that the conversion wrote down."""

    directory: Path
    model: Any
    tokenizer: Any
    facts: dict[str, Any]
    workers: int

    def encoded(self, texts: Sequence[str], limit: int) -> list[Any]:
        """Tokens and ids of each text with the model's special ones, cut at `limit` or at what the model can read."""
        most = min(limit, self.facts["positions"])
        self.tokenizer.enable_truncation(most)
        return [self._encoded(text, most) for text in texts]

    def _encoded(self, text: str, most: int) -> Any:
        """The encoding of as much as it takes: a tokenizer reads all of a text, megabytes too, before it cuts.

        Words before white space become the same tokens whatever comes after it.
        """
        read = CHARACTERS_A_TOKEN * most
        while read < len(text):
            encoding = self.tokenizer.encode(text[:read].rpartition(" ")[0])
            if len(encoding.ids) == most:
                return encoding
            read *= 8
        return self.tokenizer.encode(text)


def weights_here(source: str, revision: str | None, cache_dir: str, compute_type: str) -> Weights:
    """The weights as they are here; where only their converted form is, its version without a path.

    Raises ModelNotAvailable.
    """
    try:
        return resolve(source, revision, cache_dir, download=False)
    except ModelNotAvailable:
        version = converted.newest(cache_dir, source, revision, compute_type)
        if version is None or Path(source).expanduser().is_dir():
            raise
        return Weights("", version)


@lru_cache(maxsize=4)
def load(directory: Path, source: str, engine: str, compute_type: str, workers: int) -> Loaded:
    """Verify and load.

    On two cores two workers of one thread did 170 tickets a second through MiniLM where one worker of two threads
    did 100, and DistilBERT and DistilBART gain too: `workers` is the number of batches to give it at a time.
    """
    converted.require_whole(directory, source)
    if has_avx512():  # which CTranslate2 takes of itself on Intel's processors only: an encoder is 12 % faster
        os.environ.setdefault(VECTORS, "AVX512")
    import ctranslate2
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / converted.TOKENIZER))
    tokenizer.no_padding()
    facts = json.loads((directory / converted.FACTS).read_text())
    computed = "int8" if compute_type == "int7" else compute_type
    model = getattr(ctranslate2, engine)(
        str(directory), device="cpu", compute_type=computed, inter_threads=workers, intra_threads=1
    )
    return Loaded(directory, model, tokenizer, facts, workers)
