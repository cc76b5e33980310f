from pathlib import Path
from typing import Any

import pytest

from resources.models.bart_summarizer import shortest, tidy
from resources.models.torch_summarizer import TorchSummarizer, generation_config
from tests.unit.resources.models.random_models import SENTENCES, change_weights, save_bart

END = 2
TEXTS = [SENTENCES[0], "Refund please", " ".join(SENTENCES * 3), SENTENCES[1], SENTENCES[2] * 2]


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bart(tmp_path_factory.mktemp("summarizer") / "bart")


def _plain_generate(path: Path, text: str, **options: Any) -> list[int]:
    import torch
    from transformers import BartForConditionalGeneration, RobertaTokenizer

    model: Any = BartForConditionalGeneration.from_pretrained(path).eval()  # its own types refuse `generate`
    inputs = RobertaTokenizer.from_pretrained(path)(text, return_tensors="pt")
    with torch.no_grad():
        return model.generate(**inputs, **options)[0].tolist()


def _decoded(path: Path, ids: list[int]) -> str:
    from transformers import RobertaTokenizer

    return tidy(RobertaTokenizer.from_pretrained(path).decode(ids, skip_special_tokens=True))


def test_a_summary_is_what_a_plain_generate_call_gives(bart: Path):
    ids = _plain_generate(
        bart,
        SENTENCES[0],
        max_length=49,
        min_length=18,
        num_beams=4,
        no_repeat_ngram_size=3,
        length_penalty=2.0,
        early_stopping=True,
        forced_bos_token_id=0,
        forced_eos_token_id=2,
        renormalize_logits=True,
    )

    assert TorchSummarizer(source=str(bart)).summarize([SENTENCES[0]]) == [_decoded(bart, ids)]
    assert len(ids) <= 49
    assert ids[:2] == [2, 0]
    assert ids[-1] == 2


def test_a_batch_gives_what_one_text_at_a_time_gives_in_the_same_order(bart: Path):
    summarizer = TorchSummarizer(source=str(bart), batch_size=2)

    together = summarizer.summarize(TEXTS)

    assert together == [summarizer.summarize([text])[0] for text in TEXTS]
    assert len(set(together)) == len(TEXTS)


def test_the_models_own_decoding_is_kept_but_for_the_length_and_renormalization(bart: Path):
    from resources.models.torch_summarizer import _load

    own = _load(str(bart), "any").model.generation_config
    config = generation_config(own, 48)

    changed = {name for name, value in config.to_dict().items() if value != own.to_dict()[name]}
    assert changed == {"max_length", "min_length", "renormalize_logits"}
    assert (own.num_beams, own.forced_bos_token_id, own.forced_eos_token_id, own.early_stopping) == (4, 0, 2, True)


@pytest.mark.parametrize(("max_new_tokens", "least"), [(48, 18), (56, 22), (57, 56), (142, 56)])
def test_the_least_length_never_reaches_the_greatest(max_new_tokens: int, least: int):
    from transformers import GenerationConfig

    config = generation_config(GenerationConfig(min_length=56, max_length=142), max_new_tokens)

    assert (config.min_length, config.max_length) == (least, max_new_tokens + 1)
    assert shortest(56, 142, max_new_tokens) == least


def test_an_empty_summary_is_an_error_that_names_its_text(tmp_path: Path):
    from safetensors.torch import load_file

    path = save_bart(tmp_path / "silent", min_length=0)
    bias = load_file(path / "model.safetensors")["final_logits_bias"]
    bias[0, END] = 1e6
    change_weights(path, final_logits_bias=bias)

    with pytest.raises(ValueError, match="^text 0 was given an empty summary$"):
        TorchSummarizer(source=str(path)).summarize(["Refund please"])


def test_a_text_longer_than_the_model_reads_is_cut(bart: Path):
    assert TorchSummarizer(source=str(bart)).summarize([" ".join(SENTENCES * 100)])[0]


def test_no_texts_give_no_summaries(bart: Path):
    assert TorchSummarizer(source=str(bart)).summarize([]) == []


def test_spaces_before_punctuation_go():
    assert tidy(" The page reloads . Nothing happens , he said .") == "The page reloads. Nothing happens, he said."


def test_the_version_changes_with_the_length(bart: Path):
    longer = TorchSummarizer(source=str(bart), max_new_tokens=60)

    assert TorchSummarizer(source=str(bart)).version != longer.version
