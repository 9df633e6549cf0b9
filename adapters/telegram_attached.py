"""What comes with a Telegram message: pictures and text files, by reference, or what nobody can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from telegram import Document, ExternalReplyInfo, Message, PhotoSize

from adapters.base import File, Image, Unreadable

_PHOTO_BYTES = 2_000_000  # of the size that is taken of a photo, at most
_TEXT_TYPES = {"application/json", "application/xml", "application/x-log", "application/x-yaml"}
_TEXT_ENDINGS = set(
    ".log .txt .py .md .json .yaml .yml .toml .ini .cfg .sh .err .out .csv".split()  # noqa: SIM905
)
_UNREADABLE: Mapping[str, Unreadable] = {
    "voice": "voice",
    "audio": "voice",
    "video_note": "voice",
    "sticker": "sticker",
    "animation": "sticker",
    "dice": "sticker",
    "video": "video",
    **dict.fromkeys(("contact", "location", "venue", "poll", "game", "story"), "other"),
    **dict.fromkeys(("checklist", "paid_media", "invoice"), "other"),
}


@dataclass(frozen=True, slots=True)
class Attached:
    """What came with a message; `marks` stay the same while it does, which references do not."""

    images: tuple[Image, ...] = ()
    files: tuple[File, ...] = ()
    unreadable: Unreadable = ""
    marks: tuple[str, ...] = ()


def attached(message: Message | ExternalReplyInfo) -> Attached:
    """What came with it. How large it is, is seen when it is fetched."""
    if message.photo:
        photo = _fitting(message.photo)
        return Attached((Image("image/jpeg", reference=photo.file_id),), marks=(photo.file_unique_id,))
    # Before the document: an animation comes as one too.
    for kind, word in _UNREADABLE.items():
        if getattr(message, kind):
            return Attached(unreadable=word, marks=(kind,))
    return _of_document(message.document) if message.document else Attached()


def _fitting(sizes: Sequence[PhotoSize]) -> PhotoSize:
    """The largest that is not too large."""
    by_area = sorted(sizes, key=lambda size: size.width * size.height)
    return next((size for size in reversed(by_area) if (size.file_size or 0) <= _PHOTO_BYTES), by_area[0])


def _of_document(document: Document) -> Attached:
    kind, name, marks = document.mime_type or "", document.file_name or "", (document.file_unique_id,)
    if kind.startswith("image/"):
        return Attached((Image(kind, reference=document.file_id),), marks=marks)
    ending = PurePath(name).suffix.lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES or ending in _TEXT_ENDINGS:
        return Attached(files=(File(name or "file.txt", reference=document.file_id),), marks=marks)
    return Attached(unreadable="file", marks=marks)
