"""A ticket that breaks a model is found inside its batch, so that its neighbours succeed.

Only what an exception or a bad result can show is isolated here; a process that dies takes its batch with it.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Failed(NamedTuple):
    """The outcome of an item that broke the model: what it said."""

    error: str


class ModelBroken(RuntimeError):
    """The model fails on a harmless text too: the fault is the model's, and no ticket may pay for it.

    It ends in logs, so it quotes the model only where that says of itself that it speaks of no text
    (`speaks_of_no_text`): one that keeps what it was given would tell of a ticket even when asked about the probe.
    """


def _in_its_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _without_texts(error: Exception) -> str:
    if getattr(error, "speaks_of_no_text", False):
        return _in_its_words(error)
    name = type(error).__name__
    return f"{name}, whose words may hold a ticket's; `tickets models prepare` loads the models and shows what fails"


def isolate(
    infer: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    probe: Item,
    check: Callable[[Result], None],
    same: Callable[[Item], Hashable] = lambda item: item,
) -> list[Result | Failed]:
    """Results of `infer` in the order of `items`, with Failed in the place of each item that breaks it.

    Items that are the `same` are inferred once, and share their outcome.

    An item breaks the model when `infer` raises, gives the wrong number of results, or `check` raises on its
    result. Then `probe`, an item known to be harmless, is tried: raises ModelBroken if it fails too. Else the batch
    is halved until the culprits are alone, about 2·log2(n) calls each, and each is tried alone once more: a model may
    fail in passing.
    """
    distinct: dict[Hashable, Item] = {}
    for item in items:
        distinct.setdefault(same(item), item)
    found = dict(zip(distinct, _isolate(infer, list(distinct.values()), probe, check), strict=True))
    return [found[same(item)] for item in items]


def _isolate(
    infer: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    probe: Item,
    check: Callable[[Result], None],
) -> list[Result | Failed]:
    if not items:
        return []
    outcomes = _attempt(infer, items, check)
    if not isinstance(outcomes, Failed):
        return [*outcomes]
    verdict = _attempt(infer, [probe], check, _without_texts)
    if isinstance(verdict, Failed):
        raise ModelBroken(f"the model fails on a harmless text too: {verdict.error}")
    return _halve(infer, items, check)


def _halve(
    infer: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    check: Callable[[Result], None],
) -> list[Result | Failed]:
    """The outcomes of items that failed together."""
    if len(items) == 1:
        again = _attempt(infer, items, check)
        return [again] if isinstance(again, Failed) else [*again]
    middle = len(items) // 2
    outcomes: list[Result | Failed] = []
    for half in (items[:middle], items[middle:]):
        results = _attempt(infer, half, check)
        outcomes += _halve(infer, half, check) if isinstance(results, Failed) else results
    return outcomes


def _attempt(
    infer: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    check: Callable[[Result], None],
    told: Callable[[Exception], str] = _in_its_words,
) -> list[Result] | Failed:
    try:
        results = list(infer(items))
    except Exception as error:  # noqa: BLE001 - whatever a model raises is that model's failure
        return Failed(told(error))
    if len(results) != len(items):
        return Failed(f"{len(results)} results for {len(items)} texts")
    try:
        for result in results:
            check(result)
    except Exception as error:  # noqa: BLE001 - so is a result that cannot even be checked
        return Failed(_in_its_words(error))
    return results
