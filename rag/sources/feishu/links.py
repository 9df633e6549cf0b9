"""Addresses of Feishu as somebody copies them from the browser, or bare tokens, taken apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = {"docx": "docx", "wiki": "wiki", "base": "base", "sheets": "sheet", "folder": "folder"}
# Tokens of former years tell what they are of; those of today do not.
_PREFIXES = {"doxcn": "docx", "wikcn": "wiki", "bascn": "base", "shtcn": "sheet", "fldcn": "folder"}


@dataclass(frozen=True, slots=True)
class Place:
    """Something in Feishu; `kind` is docx, wiki, space, base, sheet, folder, or empty where nobody can tell.

    `host` is the tenant's address, empty for a bare token; `table` and `view` belong to a base.
    """

    kind: str
    token: str
    host: str = ""
    table: str = ""
    view: str = ""


def place(text: str) -> Place | None:
    """The place that an address or a token (of a table: base/table) names; None where it names none."""
    text = text.strip()
    if "://" in text:
        return _address(text)
    token, _, table = text.partition("/")
    if not _TOKEN.fullmatch(token) or (table and not _TOKEN.fullmatch(table)):
        return None
    if table:
        return Place("base", token, table=table)
    return Place("space" if token.isdecimal() else _PREFIXES.get(token[:5], ""), token)


def _address(text: str) -> Place | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    steps = [step for step in parts.path.split("/") if step]
    host, query = f"{parts.scheme}://{parts.netloc}", parse_qs(parts.query)
    for before, step in pairwise(steps):
        if not _TOKEN.fullmatch(step):
            return None
        if before in ("space", "settings") and step.isdecimal():
            return Place("space", step, host)
        if before in _KINDS and step not in ("space", "settings"):
            return Place(_KINDS[before], step, host, _first(query, "table"), _first(query, "view"))
    return None


def _first(query: Mapping[str, list[str]], name: str) -> str:
    found = query.get(name, [""])[0]
    return found if _TOKEN.fullmatch(found) else ""
