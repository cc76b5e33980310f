"""Small models of the real architectures, trained until they are sure of what they say.

Random weights make near-ties, in which two engines may differ by rounding or agree by chance; what is tested with
these models is neither. Everything is seeded, on one thread.
"""

import random
from pathlib import Path
from typing import Any

from tests.unit.resources.models.random_models import save_bart, save_bert, save_distilbert

GOOD = ["great", "lovely", "quick", "helpful", "perfect", "thanks"]
BAD = ["broken", "awful", "slow", "useless", "wrong", "angry"]
NEITHER = ["invoice", "the", "of", "page", "march", "account", "login", "please", "order", "report"]
WHO = ["I", "We", "Our team", "A colleague", "My customer", "Zoë"]
WHAT = ["cannot open", "lost", "paid twice for", "waits for", "wants to change", "never got"]
WHICH = ["the invoice", "the export", "a naïve report", "the login page", "an order 📦", "the 請求書"]
WHEN = ["since Monday", "this morning", "after the update", "for two weeks now", "again and again and again"]
ODD = ["", "?", "¿Qué pasa? 🤷🏽‍♀️", "e\u0301te\u0301", "ﬁnancial ligature", "مرحبا", "a\u200bb\u00a0c\ttab\nline"]


def sentence(choice: random.Random) -> str:
    return " ".join(choice.choice(words) for words in (WHO, WHAT, WHICH, WHEN)) + "."


def texts(number: int, seed: int, longest: int = 12) -> list[str]:
    """Texts of 1 to `longest` sentences, all with non-ASCII letters now and then."""
    choice = random.Random(seed)
    return [" ".join(sentence(choice) for _ in range(choice.randint(1, longest))) for _ in range(number)]


def mood_text(choice: random.Random) -> tuple[str, int]:
    """A text and whether more of its words are good than bad."""
    good, bad = choice.sample(range(4), 2)
    words = [*choice.choices(GOOD, k=good), *choice.choices(BAD, k=bad), *choice.choices(NEITHER, k=6)]
    choice.shuffle(words)
    return " ".join(words), int(good > bad)


def train_bart(directory: Path, steps: int = 250) -> Path:
    """A BART that says its text's first two sentences."""
    from transformers import BartForConditionalGeneration, RobertaTokenizer

    save_bart(directory, corpus=texts(200, seed=1), vocab_size=420, init_std=0.02)
    tokenizer = RobertaTokenizer.from_pretrained(directory)
    choice = random.Random(2)

    def loss(model: Any) -> Any:
        batch = [[sentence(choice) for _ in range(choice.randint(1, 5))] for _ in range(16)]
        inputs = tokenizer([" ".join(parts) for parts in batch], padding=True, return_tensors="pt")
        labels = tokenizer([" ".join(parts[:2]) for parts in batch], padding=True, return_tensors="pt")["input_ids"]
        return model(**inputs, labels=labels.masked_fill(labels == 1, -100)).loss

    return _train(BartForConditionalGeneration, directory, loss, steps, rate=4e-3)


def train_distilbert(directory: Path, steps: int = 120) -> Path:
    """A DistilBERT that counts good and bad words; after more steps it would find no text NEUTRAL."""
    import torch
    from transformers import BertTokenizer, DistilBertForSequenceClassification

    save_distilbert(directory, corpus=[*GOOD, *BAD, *NEITHER])
    tokenizer = BertTokenizer.from_pretrained(directory)
    choice = random.Random(3)

    def loss(model: Any) -> Any:
        batch, labels = zip(*(mood_text(choice) for _ in range(32)), strict=True)
        return model(**tokenizer(list(batch), padding=True, return_tensors="pt"), labels=torch.tensor(labels)).loss

    return _train(DistilBertForSequenceClassification, directory, loss, steps, rate=2e-3)


def train_bert(directory: Path, steps: int = 200) -> Path:
    """A BERT for which two halves of one text are nearer than those of different texts."""
    import torch
    from transformers import BertModel, BertTokenizer

    save_bert(directory, corpus=texts(50, seed=4))
    tokenizer = BertTokenizer.from_pretrained(directory)
    choice = random.Random(5)

    def vectors(model: Any, batch: list[str]) -> Any:
        states = model(**tokenizer(batch, padding=True, return_tensors="pt")).last_hidden_state
        return torch.nn.functional.normalize(states.mean(dim=1), dim=1)

    def loss(model: Any) -> Any:
        pairs = [sentence(choice).rsplit(" ", 3) for _ in range(16)]
        likeness = vectors(model, [p[0] for p in pairs]) @ vectors(model, [" ".join(p) for p in pairs]).T
        return torch.nn.functional.cross_entropy(likeness * 10, torch.arange(len(pairs)))

    return _train(BertModel, directory, loss, steps, rate=2e-3, add_pooling_layer=False)


def _train(model_class: Any, directory: Path, loss: Any, steps: int, rate: float, **options: Any) -> Path:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generation = (directory / "config.json").read_text()
    model = model_class.from_pretrained(directory, **options).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()
        schedule.step()
    model.save_pretrained(directory)
    (directory / "config.json").write_text(generation)  # as the hub has it, with the decoding in it
    (directory / "generation_config.json").unlink(missing_ok=True)
    torch.set_num_threads(threads)
    return directory
