"""What goes over the wire to and from the fake Telegram server: refusals, and the parameters of a call."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

NESTED = (
    *("entities", "reply_parameters", "reply_markup", "link_preview_options", "allowed_updates"),
    *("commands", "scope", "message_ids", "reaction", "menu_button"),
)
"""Parameters that are JSON; in a form they are that as a string."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in a multipart."""

    name: str
    media_type: str
    content: bytes


class Refused(Exception):
    """The call fails with this status; `parameters` tell a program what to do."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.answer: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.answer["parameters"] = parameters


def bad(description: str, **parameters: int) -> Refused:
    return Refused(400, f"Bad Request: {description}", **parameters)


def flooded(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


class Parameters:
    """The parameters of a call as a form, a multipart or JSON brought them."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = {name: _parsed(name, value) for name, value in raw.items()}

    def text(self, name: str) -> str:
        return str(self.raw.get(name) or "")

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.raw.get(name, default))
        except (TypeError, ValueError):
            raise bad(f'invalid {name} "{self.raw[name]}" specified') from None

    def flag(self, name: str) -> bool:
        return str(self.raw.get(name, "")).lower() in ("true", "1", "yes")

    def several(self, name: str) -> list[Any]:
        value = self.raw.get(name) or []
        if not isinstance(value, list):
            raise bad(f"can't parse {name}: expected an Array")
        return value

    def table(self, name: str) -> dict[str, Any]:
        value = self.raw.get(name) or {}
        if not isinstance(value, dict):
            raise bad(f"can't parse {name}: expected an Object")
        return value


def _parsed(name: str, value: Any) -> Any:
    if name not in NESTED or not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {name} JSON object") from None


async def raw_of(request: web.Request) -> dict[str, Any]:
    """The parameters of a call as they came."""
    if request.content_type == "application/json":
        return {**request.query, **(await request.json() if request.can_read_body else {})}
    if request.content_type == "multipart/form-data":
        return {**request.query, **_fields(await request.read())}
    return {**request.query, **await request.post()}


def _fields(body: bytes) -> dict[str, str | Upload]:
    """The fields of a multipart, cut at what it begins with."""
    boundary, _, _ = body.partition(b"\r\n")
    found: dict[str, str | Upload] = {}
    for piece in body.split(boundary)[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        told = dict(re.findall(r'\b(name|filename)="([^"]*)"', head.decode()))
        kind = re.search(r"content-type: *([^;\s]+)", head.decode(), re.IGNORECASE)
        file = Upload(told.get("filename", ""), kind[1] if kind else "", content)
        found[told["name"]] = file if "filename" in told else content.decode()
    return found
