"""The buttons under a message, in rows that a telephone can show."""

import logging
from collections.abc import Sequence
from unicodedata import east_asian_width

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from adapters.base import Button

logger = logging.getLogger(__name__)

_LONGEST_COMMAND = 64  # bytes
_MOST_IN_A_ROW, _COLUMNS, _MARGIN = 4, 40, 2


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Buttons that send their command back; one whose command is too long for Telegram is left out."""
    rows: list[list[Button]] = []
    for button in buttons:
        if len(button.command.encode()) > _LONGEST_COMMAND:
            logger.error("A button is left out: %s is too long a command for Telegram.", button.command)
        elif rows and _fits([*rows[-1], button]):
            rows[-1].append(button)
        else:
            rows.append([button])
    shown = [[InlineKeyboardButton(one.label, callback_data=one.command) for one in row] for row in rows]
    return InlineKeyboardMarkup(shown) if shown else None


def _fits(row: Sequence[Button]) -> bool:
    """Whether labels are read in full side by side, where all buttons of a row are equally wide."""
    widest = max(_width(button.label) for button in row)
    return len(row) <= _MOST_IN_A_ROW and len(row) * (widest + _MARGIN) <= _COLUMNS


def _width(label: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in label)
