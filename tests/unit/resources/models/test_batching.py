import random
import threading

import pytest

from resources.models.batching import in_batches

WORDS = [chr(97 + i % 26) * length for i, length in enumerate(random.Random(1).choices(range(1, 40), k=101))]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_back_in_the_order_of_the_items_whatever_their_lengths(workers):
    assert in_batches(WORDS, 8, lambda batch: [w.upper() for w in batch], workers) == [word.upper() for word in WORDS]


def test_a_batch_holds_items_of_like_length_and_the_longest_go_first():
    seen: list[list[int]] = []

    def run(batch: list[str]) -> list[str]:
        seen.append([len(word) for word in batch])
        return batch

    in_batches(["a" * length for length in (3, 9, 1, 7, 5)], 2, run)

    assert seen == [[9, 7], [5, 3], [1]]


def test_a_batch_has_no_more_pairs_of_tokens_with_its_padding_than_it_may_but_for_one_item_alone():
    seen: list[list[int]] = []

    def run(batch: list[str]) -> list[str]:
        seen.append([len(word) for word in batch])
        return batch

    lengths = [25, 20, 10, 9, 9, 8, 4, 3, 2, 1]
    in_batches(["ab"[i % 2] * length for i, length in enumerate(lengths)], 4, run, pairs=200)

    assert seen == [[25], [20], [10, 9], [9, 8], [4, 3, 2, 1]]


def test_workers_run_at_the_same_time():
    both = threading.Barrier(2, timeout=30)

    def run(batch: list[str]) -> list[str]:
        both.wait()
        return batch

    assert in_batches(["a", "bb"], 1, run, workers=2) == ["a", "bb"]


def test_no_items_run_nothing():
    assert in_batches([], 4, lambda _: pytest.fail("ran")) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_loses_a_result_is_an_error(workers):
    with pytest.raises(ValueError, match="zip"):
        in_batches(["a", "b"], 2, lambda batch: batch[:1], workers)


def test_equal_items_are_run_once_and_share_their_result():
    seen: list[str] = []

    def run(batch: list[str]) -> list[str]:
        seen.extend(batch)
        return [word.upper() for word in batch]

    assert in_batches(["a", "bb", "a", "bb"], 3, run) == ["A", "BB", "A", "BB"]
    assert sorted(seen) == ["a", "bb"]
