"""Questions a day as a small picture: digits and dates only, so that it reads the same in every language."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bot.numbers import Day

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_WIDTH, _HEIGHT = 960, 480
_LEFT, _TOP, _RIGHT, _BOTTOM = 76, 34, 24, 62
_PAPER, _INK, _RULE = "#ffffff", "#4a5160", "#e3e6eb"
_ANSWERED, _UNANSWERED = "#2f6fde", "#f0a63c"
_LETTERS = 24  # pixels
_LABELS = 8  # dates below the bars, at most
_LINES = 4  # rules above the ground, at most


def chart(days: Sequence[Day]) -> bytes:
    """A PNG: a bar a day, blue for what was answered and orange on top for what was not."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_LETTERS)
    assert isinstance(font, ImageFont.FreeTypeFont)
    most = max(max(one.answered + one.unanswered for one in days), 1)
    step = next(step for step in _round() if step * _LINES >= most)
    lines = -(-most // step)
    _rules(draw, font, step, lines)
    _bars(draw, font, days, (_HEIGHT - _TOP - _BOTTOM) / (step * lines))
    kept = io.BytesIO()
    image.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _round() -> Iterator[int]:
    """1, 2 and 5 with noughts."""
    ten = 1
    while True:
        yield from (ten, 2 * ten, 5 * ten)
        ten *= 10


def _rules(draw: "ImageDraw", font: "FreeTypeFont", step: int, lines: int) -> None:
    for number in range(lines + 1):
        y = _HEIGHT - _BOTTOM - number * (_HEIGHT - _TOP - _BOTTOM) / lines
        draw.line([(_LEFT, y), (_WIDTH - _RIGHT, y)], _RULE, 2)
        draw.text((_LEFT - 14, y), str(step * number), _INK, font, "rm")


def _bars(draw: "ImageDraw", font: "FreeTypeFont", days: Sequence[Day], scale: float) -> None:
    each = (_WIDTH - _LEFT - _RIGHT) / len(days)
    floor, half = _HEIGHT - _BOTTOM, min(each * 0.36, 44)
    apart = -(-len(days) // _LABELS)
    for number, one in enumerate(days):
        middle = _LEFT + (number + 0.5) * each
        top = floor - one.answered * scale
        _bar(draw, middle, half, top, floor, _ANSWERED)
        _bar(draw, middle, half, top - one.unanswered * scale, top, _UNANSWERED)
        # Counted from today, which is the last one.
        if (len(days) - 1 - number) % apart == 0:
            draw.text((middle, floor + 14), f"{one.day:%m-%d}", _INK, font, "ma")


def _bar(draw: "ImageDraw", middle: float, half: float, top: float, floor: float, colour: str) -> None:
    if floor > top:
        draw.rectangle([(middle - half, top), (middle + half, floor - 1)], colour)
