"""Pictures and text files that a platform keeps for a message: fetched, as small as a model needs them."""

import asyncio
import codecs
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from adapters.base import AttachmentRefused, File, Image, Message

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BYTES = 4_000_000
"""How large all pictures of a message may be together; they are shrunk to it."""

PIXELS = 40_000_000
"""How many a picture may have; a small file can have far more than any memory holds."""

CHARACTERS = 3500
"""What is kept of a text, from its end: errors stand there."""

_FILE_BYTES = 20_000_000  # Telegram gives bots no larger ones, Feishu more
_TEXT_BYTES = 1_000_000
_TYPES = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_SIDES = (2560, 1800, 1280, 900, 640, 450, 320)  # pixels, tried in turn

Download = Callable[[str, int], Awaitable[bytes]]
"""The bytes under a reference, at most so many."""


class Files:
    """Fetches what came with messages; pictures are shrunk one at a time, since each takes much memory."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._shrinking = asyncio.Lock()

    async def fetch(self, message: Message) -> Message:
        """The message with its pictures and texts. Raises AttachmentRefused and DeliveryFailed."""
        room = BYTES // max(len(message.images), 1)
        images = [await self._image(image, room) for image in message.images]
        files = [await self._file(file) for file in message.files]
        return replace(message, images=tuple(images), files=tuple(files))

    async def _image(self, image: Image, room: int) -> Image:
        if image.data:
            return image
        data = await self._download(image.reference, _FILE_BYTES)
        async with self._shrinking:
            return await asyncio.to_thread(shrunk, data, room)

    async def _file(self, file: File) -> File:
        if file.text:
            return file
        return replace(file, text=text_of(await self._download(file.reference, _TEXT_BYTES)))


def shrunk(data: bytes, room: int) -> Image:
    """A picture in at most so many bytes, as JPEG or PNG. Raises AttachmentRefused."""
    import PIL.Image

    try:
        with PIL.Image.open(BytesIO(data), formats=_TYPES) as picture:
            if picture.width * picture.height > PIXELS:
                raise AttachmentRefused("size")
            if len(data) <= room and picture.format in ("JPEG", "PNG"):
                return Image(f"image/{picture.format.lower()}", data)
            return Image("image/jpeg", _jpeg(picture, room))
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise AttachmentRefused("size") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise AttachmentRefused("type") from error


def text_of(data: bytes) -> str:
    """The end of a text of unknown encoding. Raises AttachmentRefused where it is none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what PowerShell writes
        text = data.decode("utf-16", "replace")
    else:
        text = min((data.decode(coding, "replace") for coding in ("utf-8-sig", "gb18030")), key=_unread)
    if "\0" in text:
        raise AttachmentRefused("type")
    end = text.strip()[-CHARACTERS:]
    return end if len(end) < CHARACTERS else end.partition("\n")[2] or end


def _unread(text: str) -> int:
    return text.count("\N{REPLACEMENT CHARACTER}")


def _jpeg(picture: "Picture", room: int) -> bytes:
    """On white, upright, as large as fits."""
    import PIL.Image
    import PIL.ImageOps

    picture.draft("RGB", (_SIDES[0], _SIDES[0]))  # a large JPEG is decoded smaller at once
    small = PIL.ImageOps.exif_transpose(picture).convert("RGBA")
    small.thumbnail((_SIDES[0], _SIDES[0]))
    white = PIL.Image.new("RGBA", small.size, "white")
    upright = PIL.Image.alpha_composite(white, small).convert("RGB")
    for side in _SIDES:
        upright.thumbnail((side, side))
        file = BytesIO()
        upright.save(file, "JPEG", quality=85)
        if file.tell() <= room:
            break
    return file.getvalue()
