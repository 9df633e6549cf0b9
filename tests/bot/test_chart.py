"""The picture of questions a day shows what the days were like, at any size, without words."""

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from PIL import Image

from bot.chart import chart
from bot.numbers import Day

TODAY = date(2026, 11, 22)
BLUE, ORANGE = (47, 111, 222), (240, 166, 60)

Counts = tuple[int, int]


def drawn(counts: Sequence[Counts]) -> Image.Image:
    days = [Day(TODAY - timedelta(days=len(counts) - 1 - number), *one) for number, one in enumerate(counts)]
    return Image.open(io.BytesIO(chart(days))).convert("RGB")


def painted(picture: Image.Image) -> Counter[tuple[int, int, int]]:
    """How many points there are of each colour."""
    return Counter({colour: count for count, colour in picture.getcolors(2**20) or ()})  # type: ignore[misc]


def height(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    """Of the highest bar of this colour."""
    points = (np.asarray(picture) == colour).all(axis=2)
    return int(points.any(axis=1).sum())


def test_answered_questions_are_blue_and_the_others_stand_on_top_in_orange() -> None:
    counted = painted(drawn([(30, 10), (30, 10)]))
    assert counted[BLUE] / counted[ORANGE] == pytest.approx(3, rel=0.05)
    assert not painted(drawn([(5, 0), (7, 0)]))[ORANGE]


@pytest.mark.parametrize("most", [1, 4, 9, 37, 100, 2300])
def test_the_highest_day_fills_the_picture_and_stays_within_it(most: int) -> None:
    highest = height(drawn([(most, 0), (0, 0)]), BLUE)
    assert 480 * 0.6 < highest < 480 - 62


@pytest.mark.parametrize("days", [1, 2, 7, 30, 90])
def test_any_number_of_days_fits_and_the_picture_is_small(days: int) -> None:
    png = chart([Day(TODAY - timedelta(days=days - 1 - number), number, 1) for number in range(days)])
    assert Image.open(io.BytesIO(png)).size == (960, 480)
    assert len(png) < 30_000


def test_days_without_questions_are_empty_days() -> None:
    counted = painted(drawn([(0, 0)] * 7))
    assert not counted[BLUE]
    assert not counted[ORANGE]
