"""What Feishu lets a card be: the rules that the fake server holds one against."""

import json
import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from tests.fakes.feishu_wire import Piece, Refused

LARGEST_CARD = 30 * 1024
MOST_ELEMENTS, MOST_TABLES = 200, 5
TEXTS = {"plain_text", "lark_md", "markdown"}
TAGS = TEXTS | {
    *("div", "img", "img_combination", "hr", "button", "column_set", "column", "form", "chart", "table"),
    *("interactive_container", "collapsible_panel", "person", "person_list", "input", "select_static"),
    *("multi_select_static", "select_person", "multi_select_person", "date_picker", "picker_time"),
    *("picker_datetime", "overflow", "checker", "select_img", "standard_icon", "custom_icon", "text_tag"),
    *("audio", "repeat"),
}
ONLY_IN_V1 = {"action", "note"}
# What is sent back when somebody presses is not part of the card.
_OPAQUE = {"value", "behaviors"}
_ELEMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
_CODE = re.compile(r"^\s*(```|~~~).*?(^\s*\1\s*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]*)")
_AT = re.compile(r"""<at\s+(?:id|ids|user_id|open_id)=["']?([^"'>\s]*)""")
_RULER = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")


class Flawed(Refused):
    """A card is turned down; `sub` is Feishu's code for why, in the card's own numbers."""

    def __init__(self, sub: int, told: str) -> None:
        super().__init__(sub, told)
        self.sub, self.told = sub, told

    @property
    def in_message(self) -> Refused:
        """The same as messages are refused."""
        if self.sub == 200860:
            return Refused(230025)
        sub = 11310 if self.sub == 300305 else self.sub
        told = f"ErrCode: {sub}; ErrMsg: {self.told};"
        refused = Refused(230099)
        refused.answer["msg"] = f"Failed to create card content, ext={told}"
        return refused


def check(card: Piece, images: Collection[str], people: Collection[str]) -> None:
    """A card of schema 2.0. Raises Flawed."""
    if not card:
        raise Flawed(300307, "the card is empty")
    if card.get("schema") != "2.0":
        raise Flawed(300303, "schema is not 2.0")
    if len(json.dumps(card, ensure_ascii=False).encode()) > LARGEST_CARD:
        raise Flawed(200860, "the card is too large")
    body = card.get("body")
    if "elements" in card or not isinstance(body, dict) or not isinstance(body.get("elements"), list):
        raise Flawed(200621, "parse card json err, unknown property: elements, path: ROOT")
    if (card.get("config") or {}).get("update_multi") is False:
        raise Flawed(300302, "update_multi is false")
    check_elements(list(elements(card)), images, people)


def check_elements(found: list[Piece], images: Collection[str], people: Collection[str]) -> None:
    for element in found:
        _check_element(element, images, people)
    ids = [str(element["element_id"]) for element in found if "element_id" in element]
    if wrong := [one for one in ids if not _ELEMENT_ID.fullmatch(one) or ids.count(one) > 1]:
        raise Flawed(300301, f"element_id {wrong[0]}")
    if len(found) > MOST_ELEMENTS:
        raise Flawed(300305, f"there are {len(found)} elements")
    if sum(map(_tables, found)) > MOST_TABLES:
        raise Flawed(11310, "card table number over limit; ErrorValue: table")


def elements(card: object) -> Iterator[Piece]:
    """Everything in a card that has a tag, from the outside in."""
    if isinstance(card, list):
        for one in card:
            yield from elements(one)
    if isinstance(card, dict):
        if "tag" in card:
            yield card
        for name, value in card.items():
            if name not in _OPAQUE:
                yield from elements(value)


def element(card: Piece, element_id: str) -> Piece | None:
    return next((one for one in elements(card) if one.get("element_id") == element_id), None)


def prose(markdown: str) -> str:
    """The text without its code."""
    return _CODE.sub("", markdown)


def _check_element(one: Piece, images: Collection[str], people: Collection[str]) -> None:
    tag = one["tag"]
    if tag in ONLY_IN_V1:
        raise Flawed(200861, f"cards of schema V2 no longer support this capability; unsupported tag {tag}")
    if tag not in TAGS:
        raise Flawed(200861, f"not support tag: {tag}")
    if tag in TEXTS:
        _check_text(one, images, people)
    if tag == "img" and one.get("img_key") not in images:
        raise Flawed(200570, f"invalid image key {one.get('img_key')}")
    if tag == "button":
        _check_button(one)
    if tag in ("collapsible_panel", "column", "form", "interactive_container"):
        _need(isinstance(one.get("elements"), list), f"{tag} has no elements")
    if tag == "column_set":
        columns = one.get("columns")
        _need(isinstance(columns, list) and all(c.get("tag") == "column" for c in columns), "no columns")


def _check_text(one: Piece, images: Collection[str], people: Collection[str]) -> None:
    content = one.get("content")
    _need(isinstance(content, str), f"{one['tag']} has no content")
    if one["tag"] == "plain_text":
        return
    text = prose(str(content))
    for key in _IMAGE.findall(text):
        if key not in images:
            raise Flawed(200570, f"invalid image key {key}")
    for person in (one for ids in _AT.findall(text) for one in ids.split(",")):
        if person not in people and person != "all":
            raise Flawed(100290, f"there is an invalid user resource(at/person) in your card: {person}")


def _check_button(one: Piece) -> None:
    text = one.get("text")
    _need(isinstance(text, dict) and bool(text.get("content")), "a button has no text")
    behaviors = one.get("behaviors", [])
    _need(isinstance(behaviors, list), "behaviors are no list")
    for behavior in behaviors:
        kind = behavior.get("type")
        _need(kind in ("callback", "open_url", "form_action"), f"behavior {kind}")
        _need(kind != "callback" or isinstance(behavior.get("value"), dict | str), "a value is no object")
        _need(kind != "open_url" or bool(behavior.get("default_url")), "a link without default_url")


def _need(condition: bool, told: str) -> None:
    if not condition:
        raise Flawed(200621, f"parse card json err, {told}")


def _tables(one: Piece) -> int:
    if one["tag"] == "table":
        return 1
    if one["tag"] not in ("markdown", "lark_md"):
        return 0
    lines = prose(one["content"]).splitlines()
    heads = pairwise(lines)
    return sum("|" in head and "|" in ruler and bool(_RULER.match(ruler)) for head, ruler in heads)
