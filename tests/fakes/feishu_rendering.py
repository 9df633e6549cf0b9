"""How a card, a post or any other message of the fake Feishu server reads, as Markdown."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.feishu_wire import Piece, parsed

UPGRADE = "请升级至最新版本客户端，以查看内容"


def card_text(card: Piece) -> str:
    """All that can be read in a card, its folded panels too, without header and buttons."""
    return "\n".join(filter(None, map(_element, _body(card))))


def card_title(card: Piece) -> str:
    return str(((card.get("header") or {}).get("title") or {}).get("content", ""))


def buttons(card: object) -> dict[str, Mapping[str, Any]]:
    """What is behind each label: a callback's value, or {"url": …}."""
    found: dict[str, Mapping[str, Any]] = {}
    if isinstance(card, list):
        for one in card:
            found |= buttons(one)
    if isinstance(card, dict):
        if card.get("tag") == "button":
            return {str((card.get("text") or {}).get("content", "")): _behind(card)}
        for name, value in card.items():
            if name not in ("value", "behaviors"):
                found |= buttons(value)
    return found


def lossy(card: Piece) -> Piece:
    """A card as its readers get it by GET: of a newer one, nothing."""
    if card.get("schema") == "2.0":
        return {"title": None, "elements": [[{"tag": "text", "text": UPGRADE}]]}
    texts = [[{"tag": "text", "text": text}] for one in _body(card) if (text := _element(one))]
    return {"title": card_title(card) or None, "elements": texts}


def text_of(kind: str, content: str) -> str:
    """A message that is no card of the bot's."""
    if kind == "merge_forward":
        return content
    told = parsed(content, 230001)
    if kind == "text":
        return str(told["text"])
    if kind == "post":
        return post_text(told)
    if kind == "interactive":
        return "\n".join("".join(part.get("text", "") for part in line) for line in told["elements"])
    return str(told.get("file_name", ""))


def post_text(post: Piece) -> str:
    return "\n".join("".join(map(_part, line)) for line in post.get("content", []))


def _part(part: Piece) -> str:
    tag = part.get("tag")
    if tag == "a":
        return f"[{part.get('text', '')}]({part.get('href', '')})"
    if tag == "at":
        return str(part.get("user_id", ""))
    if tag == "img":
        return f"![]({part.get('image_key', '')})"
    if tag == "code_block":
        return f"```{part.get('language', '')}\n{part.get('text', '')}\n```"
    return "---" if tag == "hr" else str(part.get("text", ""))


def _body(card: Piece) -> list[Piece]:
    found = (card.get("body") or card).get("elements")
    return found if isinstance(found, list) else []


def _element(one: Piece) -> str:
    tag = one.get("tag")
    if tag in ("markdown", "lark_md", "plain_text"):
        return str(one.get("content", ""))
    if tag == "hr":
        return "---"
    if tag == "img":
        return f"![{(one.get('alt') or {}).get('content', '')}]({one.get('img_key', '')})"
    if tag == "div":
        return _element(one.get("text") or {})
    if tag == "table":
        names = [str(column.get("name", "")) for column in one.get("columns", [])]
        rows = [[str(row.get(name, "")) for name in names] for row in one.get("rows", [])]
        return "\n".join(" | ".join(row) for row in [names, *rows])
    inner = one.get("elements") or one.get("columns") or ()
    title = (one.get("header") or {}).get("title") or {}
    head = f"▸ {title['content']}" if tag == "collapsible_panel" and title.get("content") else ""
    return "\n".join(filter(None, [head, *map(_element, inner)]))


def _behind(button: Piece) -> Mapping[str, Any]:
    for behavior in button.get("behaviors", []):
        if behavior["type"] == "callback":
            value = behavior["value"]
            return value if isinstance(value, dict) else {"value": value}
        if behavior["type"] == "open_url":
            return {"url": behavior["default_url"]}
    return button.get("value") or {"url": button.get("url", "")}
