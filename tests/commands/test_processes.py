"""Several processes for one command."""

from collections.abc import Iterator

import pytest

from gamify.management.processes import AHEAD, mapper

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_they_are_handed_no_more_than_what_keeps_them_busy_and_answer_in_order() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5 * AHEAD):
            taken.append(number)
            yield -number

    with mapper(2) as map_items:
        results = map_items(abs, items())
        assert next(results) == 0
        assert len(taken) == 2 * AHEAD
        assert list(results) == taken[1:] == list(range(1, 5 * AHEAD))
