"""What comes with a question besides its text becomes text: pictures are read, files and quotes taken in.

CannotRead   something of it cannot be read; its text tells the asker why, and what to do
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from adapters.base import AttachmentRefused, Image, Message
from bot.phrases import phrases
from bot.replies import attachment_text, picture_text
from memory.base import Turn
from rag.pictures import PictureUnreadable

QUOTE_LIMIT = 2000
"""Characters of a quoted message that are taken in: its beginning, and its end where errors stand."""

_MARKS = re.compile(r"<[^>]*>|\(https?://[^)\s]*\)|\W")
_ALIKE = 60  # letters and digits at the beginning by which an answer is known

Fetch = Callable[[Message], Awaitable[Message]]
"""The message with what its platform keeps of it; see `Adapter.fetch`."""


class CannotRead(Exception):
    """Its text is a sentence for the asker."""


class Pictures(Protocol):
    """Reads the text in pictures."""

    async def read(self, images: Sequence[Image]) -> str:
        """Empty where there is none. Raises PictureUnreadable."""


async def as_it_is(message: Message) -> Message:
    """The message: all of it came with it."""
    return message


class Attachments:
    """Reads what comes with questions."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def read(self, message: Message, fetch: Fetch, language: str) -> str:
        """The text in all of it, empty where there is none. Raises CannotRead."""
        try:
            whole = await fetch(message)
            seen = await self._pictures.read(whole.images) if whole.images else ""
        except AttachmentRefused as refused:
            raise CannotRead(attachment_text(refused.flaw, language)) from refused
        except PictureUnreadable as unreadable:
            raise CannotRead(picture_text(unreadable.reason, language)) from unreadable
        text = "\n".join(filter(None, (*(one.text for one in whole.files), seen)))
        if not (text or message.text.strip()):
            raise CannotRead(phrases(language).picture_without_text)
        return text


def quote(message: Message, turns: Sequence[Turn] = ()) -> str:
    """What the message points at, not too long; nothing where that is an answer which is remembered."""
    text, half = message.quoted.strip(), QUOTE_LIMIT // 2
    if text and any(_begins_alike(text, turn.answer) for turn in turns):
        return ""
    return text if len(text) <= QUOTE_LIMIT else f"{text[:half]}\n…\n{text[-half:]}"


def _begins_alike(text: str, answer: str) -> bool:
    """A platform may show it with other marks, and with its sources below."""
    shown, known = (_MARKS.sub("", whole)[:_ALIKE] for whole in (text, answer))
    return bool(known) and shown.startswith(known)
