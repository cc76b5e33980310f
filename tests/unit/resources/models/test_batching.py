import random

import pytest

from resources.models.batching import in_batches


def test_results_come_back_in_the_order_of_the_items_whatever_their_lengths():
    words = [chr(97 + i % 26) * length for i, length in enumerate(random.Random(1).choices(range(1, 40), k=101))]

    assert in_batches(words, [len(word) for word in words], 8, lambda batch: [w.upper() for w in batch]) == [
        word.upper() for word in words
    ]


def test_a_batch_holds_items_of_like_length_and_the_longest_go_first():
    seen: list[list[int]] = []

    def run(batch: list[int]) -> list[int]:
        seen.append(batch)
        return batch

    in_batches([3, 9, 1, 7, 5], [3, 9, 1, 7, 5], 2, run)

    assert seen == [[9, 7], [5, 3], [1]]


def test_no_items_run_nothing():
    assert in_batches([], [], 4, lambda _: pytest.fail("ran")) == []


def test_a_model_that_loses_a_result_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        in_batches(["a", "b"], [1, 1], 2, lambda batch: batch[:1])
