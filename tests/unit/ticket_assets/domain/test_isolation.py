import pytest

from ticket_assets.domain.isolation import Failed, ModelBroken, isolate


def anything(_result: object) -> None:
    """Accept every result."""


class Doubler:
    """A model of numbers that breaks on some of them, and counts its calls."""

    def __init__(self, *poison: int) -> None:
        self.poison = set(poison)
        self.calls = 0

    def __call__(self, items):
        self.calls += 1
        if broken := self.poison & set(items):
            raise ValueError(f"cannot read {sorted(broken)}")
        return [2 * item for item in items]


def test_a_batch_that_works_costs_one_call():
    model = Doubler()

    assert isolate(model, [1, 2, 3], 0, anything) == [2, 4, 6]
    assert model.calls == 1


def test_no_items_cost_no_call():
    model = Doubler()

    assert isolate(model, [], 0, anything) == []
    assert model.calls == 0


@pytest.mark.parametrize("poison", range(1, 6))
def test_only_the_item_that_breaks_the_model_fails_wherever_it_stands(poison):
    outcomes = isolate(Doubler(poison), [1, 2, 3, 4, 5], 0, anything)

    failed = Failed(f"ValueError: cannot read [{poison}]")
    assert outcomes == [failed if item == poison else 2 * item for item in range(1, 6)]


def test_several_items_that_break_the_model_are_each_found():
    outcomes = isolate(Doubler(1, 4, 8), list(range(1, 9)), 0, anything)

    assert [index for index, outcome in enumerate(outcomes, 1) if isinstance(outcome, Failed)] == [1, 4, 8]


def test_one_culprit_among_256_costs_a_logarithm_of_calls():
    model = Doubler(77)

    isolate(model, list(range(1, 257)), 0, anything)

    assert model.calls <= 2 + 2 * 8 + 1


@pytest.mark.parametrize(
    ("items", "failing"),
    [([1], {1}), ([1, 2], {1, 3, 5})],  # the probe is the second call
    ids=["alone in its batch", "found alone in a larger one"],
)
def test_an_item_that_breaks_the_model_in_passing_gets_its_result(items, failing):
    calls = iter(range(1, 9))

    def moody(batch):
        if next(calls) in failing:
            raise RuntimeError("out of memory, for now")
        return [2 * item for item in batch]

    assert isolate(moody, items, 0, anything) == [2 * item for item in items]


def test_a_result_that_the_check_refuses_fails_its_item_alone():
    def check(result: int) -> None:
        if result == 4:
            raise ValueError("not a vector")

    assert isolate(Doubler(), [1, 2, 3], 0, check) == [2, Failed("ValueError: not a vector"), 6]


def test_results_of_the_wrong_number_are_a_failure_not_a_shift():
    def forgetful(items):
        return [2 * item for item in items if item != 2]

    assert isolate(forgetful, [1, 2, 3], 0, anything) == [2, Failed("0 results for 1 texts"), 6]


def test_a_model_that_fails_on_the_probe_too_costs_no_ticket_and_is_not_quoted():
    with pytest.raises(ModelBroken, match="too: ValueError, whose words .* `tickets models prepare`") as broken:
        isolate(Doubler(0, 1, 2), [1, 2], 0, anything)

    assert "cannot read" not in str(broken.value)
    assert broken.value.__cause__ is broken.value.__context__ is None  # a log would quote them as well


class NoFile(OSError):
    speaks_of_no_text = True


def test_a_model_that_speaks_of_no_text_is_quoted():
    def infer(_items):
        raise NoFile("no such file")

    with pytest.raises(ModelBroken, match="too: NoFile: no such file$"):
        isolate(infer, [1], 0, anything)


def test_a_model_whose_result_of_the_probe_is_bad_costs_no_ticket():
    def check(_result: int) -> None:
        raise ValueError("not finite")

    with pytest.raises(ModelBroken, match="not finite"):
        isolate(Doubler(), [1], 0, check)


def test_items_that_fail_only_together_all_get_results():
    def two_at_most(items):
        if len(items) > 2:
            raise MemoryError("too many")
        return [2 * item for item in items]

    assert isolate(two_at_most, [1, 2, 3, 4], 0, anything) == [2, 4, 6, 8]


def test_items_that_are_the_same_are_inferred_once_and_share_the_result():
    seen: list[str] = []

    def model(items):
        seen.extend(items)
        return [item.upper() for item in items]

    assert isolate(model, ["b", "a", "b", "c", "a"], "", anything) == ["B", "A", "B", "C", "A"]
    assert seen == ["b", "a", "c"]


def test_an_item_that_breaks_the_model_fails_wherever_it_stands():
    outcomes = isolate(Doubler(2), [1, 2, 3, 2], 0, anything)

    assert outcomes == [2, Failed("ValueError: cannot read [2]"), 6, Failed("ValueError: cannot read [2]")]


def test_what_makes_items_the_same_can_be_told():
    pairs = [("a", [1]), ("b", [2]), ("a", [3])]

    assert isolate(lambda items: [value for _, value in items], pairs, ("", []), anything, lambda pair: pair[0]) == [
        [1], [2], [1],
    ]  # fmt: skip
