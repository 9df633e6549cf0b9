"""Which questions are surely the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.sameness import LIKELY, SAME, Sameness


class Alike:
    """Finds all as near as it is told."""

    def __init__(self, near: float) -> None:
        self._near = near

    def nearness(self, questions: Sequence[str]) -> NDArray[np.float64]:
        return np.full((len(questions), len(questions)), self._near)


async def test_what_asks_in_the_same_words_is_the_same_whatever_it_means() -> None:
    near = await Sameness(Alike(0)).near("请问证书什么时候发？", ["证书什么时候发", "作业在哪里提交"])
    assert near == [1.0, 0.0]


async def test_meaning_counts_where_the_numbers_are_the_same() -> None:
    near = await Sameness(Alike(0.7)).near("第 3 关怎么过", ["第 4 关如何通过", "怎么通过第 3 关啊"])
    assert near[0] < LIKELY < SAME <= near[1]


async def test_nothing_is_near_where_there_is_nothing() -> None:
    assert await Sameness(Alike(1)).near("证书什么时候发", []) == []
