"""The files that go with a reply, as Telegram takes them: which method sends one, and with what in it."""

from collections.abc import Mapping, Sequence
from zlib import crc32

from telegram import InputFile

from adapters.base import Enclosure

_PHOTOS = {"image/png", "image/jpeg", "image/webp"}
_PHOTO_BYTES, _FILE_BYTES = 10_000_000, 50_000_000

Way = tuple[str, Mapping[str, object]]
"""A method of the Bot API, and the file as its parameter."""


def ways(enclosure: Enclosure) -> Sequence[Way]:
    """The ways to send it, best first: one that is shown, one that is opened. None where it is too large."""
    size = len(enclosure.data)
    shown = enclosure.media_type in _PHOTOS and size <= _PHOTO_BYTES
    kinds = [*(["photo"] if shown else []), *(["document"] if size <= _FILE_BYTES else [])]
    file = InputFile(enclosure.data, filename=enclosure.name)
    return [(f"send{kind.capitalize()}", {kind: file}) for kind in kinds]


def digest(enclosure: Enclosure) -> str:
    """What tells it from others."""
    return f"{crc32(repr((enclosure.name, enclosure.media_type)).encode() + enclosure.data):08x}"
