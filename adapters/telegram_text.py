"""A reply as Telegram takes it: parts of text with entities, the sources folded below the last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import MessageEntity
from telegram.constants import MessageEntityType, MessageLimit

from adapters.base import Reply, Source, place_of
from adapters.markdown import blocks_of, clean, closed
from adapters.markdown_blocks import Block, Kind, Mark, head, joined, newest, parts
from adapters.markdown_inline import address

_LIMIT = MessageLimit.MAX_TEXT_LENGTH
_MARKS = MessageLimit.MESSAGE_ENTITIES
_KINDS: dict[Kind, MessageEntityType] = {
    "bold": MessageEntityType.BOLD,
    "italic": MessageEntityType.ITALIC,
    "strike": MessageEntityType.STRIKETHROUGH,
    "code": MessageEntityType.CODE,
    "link": MessageEntityType.TEXT_LINK,
    "pre": MessageEntityType.PRE,
    "quote": MessageEntityType.BLOCKQUOTE,
    "folded": MessageEntityType.EXPANDABLE_BLOCKQUOTE,
}
# A host without a dot, such as localhost, or a port that is none is refused, and with it the whole message.
_TAKEN = re.compile(
    r"https?://[\w-]+(\.[\w-]+)+\.?(:(?P<port>\d{1,5}))?([/?#].*)?|tg://[\w-]+([/?].*)?",
    re.ASCII | re.IGNORECASE,
)
_PORTS = range(1, 1 << 16)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_NOTHING = "…"
_CURSOR = " ▌"
# All of them, and a title, fit a part.
_MOST_SOURCES = 40
_SOURCE_UNITS = 96
_REVISION = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A text of at most 4,096 UTF-16 units, never empty, and at most 100 entities that Telegram takes."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


def parts_of(reply: Reply, web_url: str = "") -> list[Part]:
    """A final reply, whole, in order; links from the root lead to the bot's own page at `web_url`."""
    said = [one for one in parts(blocks_of(reply.text, web_url), _LIMIT, _units, _MARKS) if one.text]
    if reply.sources:
        said = _with_sources(said, _sources(reply, web_url))
    return [_part(one) for one in said or [Block(_NOTHING)]]


def frame_of(reply: Reply, web_url: str = "") -> Part:
    """The newest part of a reply that grows, with a sign that more will come."""
    block = newest(blocks_of(closed(reply.text), web_url), _LIMIT - len(_CURSOR), _units)
    part = _part(block)
    if not block.text or block.text.endswith(_NOTHING):
        return part
    return Part(part.text + _CURSOR, part.entities)


def plain(part: Part) -> Part:
    """The part without entities, for when Telegram does not take them after all."""
    return Part(part.text)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _with_sources(said: Sequence[Block], sources: Block) -> list[Block]:
    if said:
        last = joined([said[-1], sources])
        if _units(last.text) <= _LIMIT and len(last.marks) <= _MARKS:
            return [*said[:-1], last]
    return [*said, sources]


def _sources(reply: Reply, web_url: str) -> Block:
    """A title, and a line for each source with its number in the text; as long as one part at most."""
    listed = reply.sources[:_MOST_SOURCES]
    title = "来源" if _CHINESE.search(reply.text) else "Sources"
    lines = [_source(number, one, web_url) for number, one in enumerate(listed, 1)]
    if more := len(reply.sources) - len(listed):
        lines.append(Block(f"… +{more}", gap="\n"))
    block = joined([Block(title, (Mark("bold", 0, len(title)),)), *lines])
    return Block(block.text, (Mark("folded", 0, len(block.text)), *block.marks))


def _source(number: int, source: Source, web_url: str) -> Block:
    """`[1] title › heading · revision`, the place as a link if it can be opened from a telephone."""
    begin, end = f"[{number}] ", f" · {source.revision[:_REVISION]}" if source.revision else ""
    place = " ".join(clean(place_of(source)).split())
    room = _SOURCE_UNITS - _units(begin + end)
    if _units(place) > room:
        place = place[: head(place, room - 1, _units)] + "…"
    url = address(source.url, web_url)
    mark = (Mark("link", len(begin), len(begin + place), url),) if url and place else ()
    return Block(begin + place + end, mark, gap="\n")


def _part(block: Block) -> Part:
    text = block.text or _NOTHING
    marks = [*dict.fromkeys(one for one in block.marks if one.kind != "link" or _taken(one.value))]
    if len(marks) > _MARKS:
        # Code and links are missed more than bold is.
        kept = sorted(marks, key=lambda one: one.kind in ("bold", "italic", "strike"))[:_MARKS]
        marks = [one for one in marks if one in kept]
    return Part(text, tuple(_entity(one, text) for one in marks))


def _taken(url: str) -> bool:
    """Whether Telegram takes it as the address of a link."""
    match = _TAKEN.fullmatch(url)
    return match is not None and int(match["port"] or 443) in _PORTS


def _entity(mark: Mark, text: str) -> MessageEntity:
    offset = _units(text[: mark.start])
    return MessageEntity(
        _KINDS[mark.kind],
        offset,
        _units(text[mark.start : mark.end]),
        url=mark.value if mark.kind == "link" else None,
        language=mark.value or None if mark.kind == "pre" else None,
    )
