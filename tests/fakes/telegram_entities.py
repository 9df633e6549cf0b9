"""What the fake Telegram server makes of a text: entities are found in it or checked, and spaces trimmed."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.fakes.telegram_rules import is_link
from tests.fakes.telegram_wire import bad

MOST = 100
"""Further entities are dropped without a word."""
KINDS = {
    *("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic"),
    *("underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre"),
    *("text_link", "text_mention", "custom_emoji", "date_time"),
}
CODE = ("pre", "code")
# A letter of any script beside it, a Chinese character too, and it is neither a command nor a mention.
FOUND = {
    "bot_command": r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])",
    "mention": r"(?<![\w/])@[A-Za-z0-9_]{2,32}(?!\w)",
    "url": r"https?://[^\s<>「」，。]+",
}


def units(text: str) -> int:
    """Its length in UTF-16 units, which is what entities are counted in."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def mark(text: str, part: str, kind: str, **more: object) -> dict[str, Any]:
    """An entity over the first such part of a text, in UTF-16 units; `user=` for a text_mention."""
    return {"type": kind, "offset": units(text[: text.index(part)]), "length": units(part), **more}


def under(text: str, entity: dict[str, Any]) -> str:
    """The piece of the text that an entity is over."""
    start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
    return text.encode("utf-16-le")[start:end].decode("utf-16-le")


def found(text: str, marks: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The entities that Telegram sees in what a person wrote, and those that they made."""
    taken = [(one["offset"], one["offset"] + one["length"]) for one in marks]
    result = list(marks)
    for kind, pattern in FOUND.items():
        for match in re.finditer(pattern, text):
            start, length = units(text[: match.start()]), units(match[0])
            if all(end <= start or start + length <= begin for begin, end in taken):
                taken.append((start, start + length))
                result.append({"type": kind, "offset": start, "length": length})
    return sorted(result, key=lambda one: (one["offset"], -one["length"]))


def fixed(text: str, entities: Iterable[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """What a bot sends, as it will be shown: trimmed, the entities checked and sorted. Raises Refused."""
    borders = _borders(text)
    checked = [_checked(entity, borders) for entity in entities if entity.get("length") != 0]
    checked.sort(key=lambda one: (one["offset"], -one["length"], one["type"] in CODE))
    _check_nesting(checked)
    trimmed = text.strip()
    skipped, end = units(text[: len(text) - len(text.lstrip())]), units(trimmed)
    clipped = [_clipped(entity, skipped, end) for entity in checked]
    kept = [entity for entity in clipped if entity["length"] > 0 and under(trimmed, entity).strip()]
    return trimmed, kept[:MOST]


def _borders(text: str) -> list[bool]:
    """For each UTF-16 offset, and the end, whether a character begins there."""
    borders = []
    for character in text:
        borders += [True] if ord(character) < 0x10000 else [True, False]
    return [*borders, True]


def _checked(entity: dict[str, Any], borders: list[bool]) -> dict[str, Any]:
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in KINDS:
        raise bad(f'can\'t parse MessageEntity: unsupported type "{kind}"')
    if not isinstance(offset, int) or offset < 0:
        raise bad(f"receive an entity with incorrect offset {offset}")
    if not isinstance(length, int) or length < 0:
        raise bad(f"receive an entity with incorrect length {length}")
    end, start_of = offset + length, f"entity beginning at UTF-16 offset {offset}"
    if offset >= len(borders):
        raise bad(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if end >= len(borders):
        raise bad(f"{start_of} ends after the end of the text at UTF-16 offset {end}")
    if not borders[offset]:
        raise bad(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {offset}")
    if not borders[end]:
        raise bad(f"{start_of} ends in a middle of a UTF-16 symbol at UTF-16 offset {end}")
    if kind == "text_link" and not is_link(entity.get("url")):
        raise bad(f"entity URL '{entity.get('url')}' is invalid: Wrong HTTP URL")
    if kind == "text_mention" and "id" not in entity.get("user", {}):
        raise bad("can't parse MessageEntity: a text_mention needs a user")
    return entity


def _check_nesting(entities: list[dict[str, Any]]) -> None:
    """The outer ones come first."""
    around: list[dict[str, Any]] = []
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        while around and around[-1]["offset"] + around[-1]["length"] <= start:
            around.pop()
        if around and end > around[-1]["offset"] + around[-1]["length"]:
            raise bad(f"entities overlap in part at UTF-16 offset {start}")
        if around and around[-1]["type"] in CODE:
            raise bad(f"an entity stands inside of {around[-1]['type']} at UTF-16 offset {start}")
        if "quote" in entity["type"] and any("quote" in one["type"] for one in around):
            raise bad(f"nested blockquotes at UTF-16 offset {start}")
        around.append(entity)


def _clipped(entity: dict[str, Any], skipped: int, end: int) -> dict[str, Any]:
    start = max(0, entity["offset"] - skipped)
    stop = min(end, entity["offset"] + entity["length"] - skipped)
    return {**entity, "offset": start, "length": stop - start}
