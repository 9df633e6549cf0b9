"""What a Feishu message holds, by its type: text, pictures and text files by reference, or nothing readable.

Mentions stand in the text as Feishu writes them, as `@_user_1`. The reference of a picture or file reads
`om_…:key`; a key that begins with img is got as an image, any other as a file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import PurePath

from adapters.base import File, Image, Unreadable
from adapters.feishu_json import Table, clean, parsed, rows, table, text

LONGEST = 2000
"""Characters of a quoted message, and of a bundle of forwarded ones."""

_TEXT_ENDINGS = set(
    ".log .txt .py .md .json .yaml .yml .toml .ini .cfg .sh .err .out .csv".split()  # noqa: SIM905
)
_IMAGE_TYPES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".gif": "gif", ".bmp": "bmp"}
_UNREADABLE: Mapping[str, Unreadable] = {"audio": "voice", "sticker": "sticker", "media": "video"}
_NOT_HERE = {"system", "merge_forward"}  # a bundle is read by who can get what is in it
_LEFT_OUT = {"config", "behaviors", "value", "url", "href", "i18n", "i18n_elements"}
_SILENT = {"button", "img", "img_combination", "hr"}
_UNSEEN = "请升级至最新版本客户端，以查看内容"  # in the place of a newer card
_MARK = re.compile(r"</?(?:font|number_tag|text_tag)\b[^>]*>")


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a message."""

    text: str = ""
    images: tuple[Image, ...] = ()
    files: tuple[File, ...] = ()
    unreadable: Unreadable = ""

    def __bool__(self) -> bool:
        return bool(self.text.strip() or self.attached or self.unreadable)

    @property
    def attached(self) -> bool:
        return bool(self.images or self.files)


NOTHING = Content()


def content_of(kind: str, content: str, message_id: str) -> Content:
    """What is in a message of this type with this content, a JSON text."""
    told = parsed(content)
    if kind in _NOT_HERE:
        return NOTHING
    read = {"text": _text, "post": _post, "image": _image, "file": _file, "interactive": _card}.get(kind)
    return read(told, message_id) if read else Content(unreadable=_UNREADABLE.get(kind, "other"))


def shortened(text: str) -> str:
    """At most so many characters of it: its beginning, and its end where errors stand."""
    half = LONGEST // 2 - 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n…\n{text[-half:]}"


def _text(told: Table, _message_id: str) -> Content:
    return Content(text(told, "text"))


def _image(told: Table, message_id: str) -> Content:
    return Content(images=_images([text(told, "image_key")], message_id))


def _images(keys: list[str], message_id: str) -> tuple[Image, ...]:
    return tuple(Image("image/png", reference=f"{message_id}:{key}") for key in keys if key)


def _file(told: Table, message_id: str) -> Content:
    name, key = text(told, "file_name"), text(told, "file_key")
    ending, reference = PurePath(name).suffix.lower(), f"{message_id}:{key}"
    if key and ending in _TEXT_ENDINGS:
        return Content(files=(File(name, reference=reference),))
    if key and ending in _IMAGE_TYPES:
        return Content(images=(Image(f"image/{_IMAGE_TYPES[ending]}", reference=reference),))
    return Content(unreadable="file")


def _post(told: Table, message_id: str) -> Content:
    if "content" not in told:  # as bots send it, once per language
        told = next((table(one) for one in told.values() if rows(one, "content")), {})
    lines = [line for line in rows(told, "content") if isinstance(line, list)]
    parts = [part for line in lines for part in line]
    images = _images([text(part, "image_key") for part in parts if text(part, "tag") == "img"], message_id)
    words = [text(told, "title"), *("".join(map(_part, line)) for line in lines)]
    said = "\n".join(line for line in words if line.strip())
    moving = any(text(part, "tag") == "media" for part in parts)
    return Content(said, images, unreadable="video" if moving and not (said or images) else "")


def _part(part: object) -> str:
    """A piece of a line of a post, as Markdown."""
    write = _PARTS.get(text(part, "tag"))
    return write(part) if write else ""


def _link(part: object) -> str:
    words, address = text(part, "text"), text(part, "href")
    return f"[{words}]({address})" if address and words != address else words


def _code(part: object) -> str:
    return f"```{text(part, 'language').lower()}\n{text(part, 'text').rstrip()}\n```"


def _at(part: object) -> str:
    key = text(part, "user_id")
    if key in ("all", "@_all"):
        return "@_all"
    return key if key.startswith("@") else f"@{text(part, 'user_name')}"


_PARTS: Mapping[str, Callable[[object], str]] = {
    "text": lambda part: text(part, "text"),
    "md": lambda part: text(part, "text"),
    "a": _link,
    "at": _at,
    "emotion": lambda part: f"[{text(part, 'emoji_type')}]",
    "code_block": _code,
    "hr": lambda part: "---",
}


def _card(told: Table, _message_id: str) -> Content:
    """The words of a card in their order. Of a newer one they stand in its source, if it comes with it."""
    words = [_MARK.sub("", said) for said in _words(parsed(text(told, "user_dsl")) or told)]
    return Content("\n".join(clean(unescape(said)) for said in words if said != _UNSEEN))


def _words(node: object) -> Iterator[str]:
    if isinstance(node, str) and node.strip():
        yield clean(node.strip())
    elif isinstance(node, list):
        for one in node:
            yield from _words(one)
    elif isinstance(node, dict) and text(node, "tag") not in _SILENT:
        for name, value in node.items():
            if name in ("title", "text", "content") or (name not in _LEFT_OUT and not isinstance(value, str)):
                yield from _words(value)
