"""Pictures that come with a question on the web page: what the page sends is looked at again."""

import base64
from typing import Any

from fastapi import HTTPException

from adapters.base import Image

PICTURES = 4
"""How many one message may have."""

BYTES = 4_000_000
"""How large all pictures of one message may be together."""

BODY = 6_000_000
"""How long a call with pictures may be: they are written as base64."""

# The page makes every picture one of these.
_TYPES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


def pictures_of(call: dict[str, Any]) -> tuple[Image, ...]:
    """The pictures in a call; HTTPException where there are too many, too large ones or other things."""
    given = call.get("pictures", [])
    if not isinstance(given, list) or len(given) > PICTURES:
        raise HTTPException(413, f"At most {PICTURES} pictures.")
    found = tuple(map(_picture, given))
    if sum(len(picture.data) for picture in found) > BYTES:
        raise HTTPException(413, f"The pictures have more than {BYTES} bytes.")
    return found


def _picture(given: object) -> Image:
    try:
        data = base64.b64decode(str(given), validate=True)
    except ValueError as error:
        raise HTTPException(400, "A picture is not base64.") from error
    for beginning, media_type in _TYPES:
        if data.startswith(beginning):
            return Image(media_type, data)
    raise HTTPException(415, "A picture is neither PNG nor JPEG.")
