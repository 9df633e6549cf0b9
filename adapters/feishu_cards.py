"""A reply as Feishu takes it: cards of schema 2.0, and the same as posts and as text.

An answer that is too long for one card, or has too many tables, comes in several; what belongs to all of it,
the folded sources and the buttons, is in the last one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from adapters.base import Button, Reply, Source, place_of
from adapters.feishu_inline import Badge, no_badge, unmentioned
from adapters.feishu_markdown import Piece, cut, pieces_of, plain, written
from adapters.markdown import closed
from adapters.markdown_inline import address

Json = Mapping[str, object]

ELEMENT = "answer"
"""The id of the element in which an answer grows."""

_LARGEST = 28_000  # bytes of JSON; Feishu takes 30 KB
_AROUND = 1_200  # of a card, around its text, sources and buttons
_SOURCES = 6_000
_TABLES = 3
_SUMMARY = 60
_REVISION, _PLACE, _URL = 12, 100, 600
_BADGES = 99  # Feishu refuses a card with a larger number in one
_MOST_BUTTONS = 40
_NOTHING = "…"
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a reply, as contents of messages: a card, and what is shown where there can be none."""

    card: Json
    post: Json
    text: Json
    summary: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What there is of an answer, never empty, and how the chat list tells of it."""

    text: str
    summary: str


def parts_of(reply: Reply, web_url: str = "") -> list[Part]:
    """A final reply, whole, in order; links from the root lead to the bot's own page at `web_url`."""
    pieces, urls = pieces_of(reply.text, web_url), [_url(one, web_url) for one in reply.sources]
    badge, sources = partial(_badge, urls), _source_lines(reply.sources, urls)
    below = [*_panel(reply, sources), *_row(reply.buttons)]
    cards = _laid(pieces, badge, _LARGEST - _AROUND - _size(below))
    parts = []
    for number, card in enumerate(cards, 1):
        last = number == len(cards)
        note = [_note(f"({number}/{len(cards)})")] if len(cards) > 1 else []
        elements = [_markdown(_text(card, badge, _TABLES), ELEMENT), *note, *(below if last else ())]
        post = "\n".join([_text(card, no_badge, 0), *(sources if last else ())])
        text = "\n".join([_plain(card), *map(_unlinked, sources if last else ())])
        summary = _summary(card)
        parts.append(Part(_card(elements, summary), _post(post), {"text": text}, summary))
    return parts


def frame_of(reply: Reply, web_url: str = "") -> Frame:
    """What it has grown to, as much of its end as fits a card."""
    card = _laid(pieces_of(closed(reply.text), web_url), no_badge, _LARGEST - _AROUND)[-1]
    return Frame(_text(card, no_badge, _TABLES), _summary(card))


def growing_card(text: str) -> Json:
    """A card in which an answer grows, with what there is of it."""
    config = {
        "streaming_mode": True,
        "streaming_config": {
            "print_frequency_ms": {"default": 50},
            "print_step": {"default": 2},
            "print_strategy": "fast",
        },
    }
    chinese = bool(_CHINESE.search(text)) or text == _NOTHING
    return _card([_markdown(text, ELEMENT)], "正在回答…" if chinese else "Answering…", config)


def packed(card: Json) -> str:
    """A card as the text that Feishu takes; its limits count the bytes of this."""
    return json.dumps(card, ensure_ascii=False, separators=(",", ":"))


def _card(elements: Sequence[Json], summary: str, config: Json | None = None) -> Json:
    told = {"update_multi": True, "streaming_mode": False, "summary": {"content": summary}, **(config or {})}
    return {"schema": "2.0", "config": told, "body": {"elements": list(elements)}}


def _post(text: str) -> Json:
    return {"zh_cn": {"title": "", "content": [[{"tag": "md", "text": text}]]}}


def _markdown(text: str, element_id: str = "") -> Json:
    named = {"element_id": element_id} if element_id else {}
    return {"tag": "markdown", **named, "content": text}


def _note(text: str) -> Json:
    return {"tag": "markdown", "content": f"<font color='grey'>{text}</font>", "text_size": "notation"}


def _size(json_value: object) -> int:
    return len(json.dumps(json_value, ensure_ascii=False).encode())


def _laid(pieces: Sequence[Piece], badge: Badge, limit: int) -> list[list[Piece]]:
    """The pieces of each card, of which there is at least one, within the limit."""
    fitting = [one for piece in pieces for one in cut(piece, lambda one: _longest(one, badge) <= limit)]
    cards: list[list[Piece]] = [[]]
    room = limit
    for piece in fitting:
        size = _longest(piece, badge)
        if size > room and cards[-1]:
            # What leads something goes with it.
            led = len(cards[-1])
            while led > 1 and cards[-1][led - 1].leads:
                led -= 1
            cards.append(cards[-1][led:])
            del cards[-2][led:]
            room = limit - sum(_longest(one, badge) for one in cards[-1])
        cards[-1].append(piece)
        room -= size
    return cards


@lru_cache(maxsize=2048)
def _longest(piece: Piece, badge: Badge) -> int:
    """Bytes of the piece in a card, with the gap before it, whether as a table or not."""
    return 4 + max(_size(written(piece, badge, tables)) for tables in {bool(piece.table), False})


def _text(card: Sequence[Piece], badge: Badge, tables: int) -> str:
    said = ""
    for piece in card:
        said += (piece.gap if said else "") + written(piece, badge, tables > 0)
        tables -= bool(piece.table)
    return said or _NOTHING


def _plain(card: Sequence[Piece]) -> str:
    return "".join(piece.gap + plain(piece) for piece in card).strip() or _NOTHING


def _summary(card: Sequence[Piece]) -> str:
    said = " ".join(" ".join(piece.block.text for piece in card).split())
    return unmentioned(said)[:_SUMMARY] or _NOTHING


def _badge(urls: Sequence[str], number: int) -> str:
    """A citation that leads to its source; without an address it stays as typed."""
    if not 0 < number <= min(len(urls), _BADGES):
        return ""
    url = urls[number - 1]
    return f"<number_tag url='{url}'>{number}</number_tag>" if url else f"[{number}]"


def _url(source: Source, web_url: str) -> str:
    """Where a source is, from anywhere; empty where that cannot be told in a card."""
    url = address(source.url, web_url).replace("'", "%27").replace("(", "%28").replace(")", "%29")
    return url if url.startswith(("http://", "https://")) and len(url) <= _URL else ""


def _source_lines(sources: Sequence[Source], urls: Sequence[str]) -> list[str]:
    lines: list[str] = []
    room = _SOURCES
    for number, (source, url) in enumerate(zip(sources, urls, strict=True), 1):
        line = _source_line(number, source, url)
        room -= _size(line)
        if room < 0:
            return [*lines, f"… +{len(sources) - len(lines)}"]
        lines.append(line)
    return lines


def _source_line(number: int, source: Source, url: str) -> str:
    """`[1] title › heading · revision`, the place as a link."""
    place = " ".join(place_of(source).split())
    place = _literal(place if len(place) <= _PLACE else place[:_PLACE] + "…")
    revision = f" · {_literal(source.revision[:_REVISION])}" if source.revision else ""
    return f"[{number}] " + (f"[{place}]({url})" if url and place else place) + revision


def _unlinked(line: str) -> str:
    """A line of the sources as plain text."""
    said = re.sub(r"\[([^\]]*)\]\((\S*)\)", r"\1 (\2)", line)
    return unmentioned(re.sub(r"&#(\d+);", lambda entity: chr(int(entity[1])), said))


def _literal(text: str) -> str:
    """A text that means only itself."""
    return re.sub(r"[<>*_~`\[\]()\\&]", lambda sign: f"&#{ord(sign[0])};", text)


def _panel(reply: Reply, lines: Sequence[str]) -> list[Json]:
    """The sources, folded."""
    if not lines:
        return []
    word = "来源" if _CHINESE.search(reply.text) else "Sources"
    header = {
        "title": {"tag": "plain_text", "content": f"{word} · {len(reply.sources)}"},
        "icon": {"tag": "standard_icon", "token": "down-small-ccm_outlined"},
        "icon_position": "follow_text",
        "icon_expanded_angle": -180,
    }
    panel = {"tag": "collapsible_panel", "expanded": False, "header": header}
    return [{**panel, "elements": [_markdown("\n".join(lines))]}]


def _row(buttons: Sequence[Button]) -> list[Json]:
    """The buttons side by side, as many as the screen is wide."""
    columns = [
        {"tag": "column", "width": "auto", "elements": [_button(one)]} for one in buttons[:_MOST_BUTTONS]
    ]
    if not columns:
        return []
    return [{"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "small", "columns": columns}]


def _button(button: Button) -> Json:
    return {
        "tag": "button",
        "type": "default",
        "size": "small",
        "text": {"tag": "plain_text", "content": button.label},
        "behaviors": [{"type": "callback", "value": {"v": 1, "command": button.command}}],
    }
