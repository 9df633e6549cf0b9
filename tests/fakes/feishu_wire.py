"""What goes over the wire to and from the fake Feishu server: calls, and what they are refused with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

Piece = dict[str, Any]
Fault = Literal["drop_after", "drop_before", "error", "hang", "hang_after"] | int
"""drop_*: the connection ends, before or after the call took effect; hang*: it stays, without an answer;
error: 500 of a gateway, no JSON; a number: the code of the answer."""

LARGEST_NUMBER = 2**31 - 1
STATUS = {10014: 200, 99991400: 429, 2200: 500}
TEXTS = {
    10003: "invalid param",
    10014: "app secret invalid",
    2200: "Internal error",
    10002: "The request contains invalid parameters",
    11205: "app do not have bot",
    11232: "create message trigger system rate limit",
    99991400: "request trigger frequency limit",
    99991403: "This month's API call quota has been exceeded",
    99991661: "Missing access token for authorization. Please make a request with token attached.",
    99991663: "Invalid access token for authorization. Please make a test attempt with the correct token.",
    99991671: "Invalid access token for authorization. It must begin with t- or u-.",
    99992351: "The request contains an open_id that does not exist",
    99992354: "The request contains a receive_id that does not exist",
    200220: "Failed to generate card content",
    200740: "The card entity does not exist",
    200750: "The card entity has expired",
    200770: "UUID conflict",
    200810: "The card is in an ongoing interaction and cannot be updated",
    200850: "Card streaming timeout",
    200860: "Card content exceeds limit.",
    230001: "Your request contains an invalid request parameter.",
    230002: "The bot can not be outside the group.",
    230006: "Bot ability is not activated.",
    230011: "The message is recalled.",
    230013: "Bot has NO availability to this user.",
    230017: "Bot is NOT the owner of the resource.",
    230018: "These operations are NOT allowed at current group settings.",
    230020: "This operation triggers the frequency limit.",
    230022: "The content of the message contains sensitive information.",
    230025: "The length of the message content reaches its limit.",
    230026: "No permission to recall this message.",
    230027: "Lack of necessary permissions.",
    230028: "The messages do NOT pass the audit.",
    230031: "The message is too old to be updated.",
    230035: "Send Message Permission deny.",
    230053: "The user has stopped the bot from sending messages.",
    230055: "The type of file upload does not match the type of message being sent.",
    230054: "This operation is not supported for this message type.",
    230071: "The group to which the message belongs does not support reply in thread.",
    230072: "The message has reached the number of times it can be edited.",
    230110: "Action unavailable as the message has been deleted.",
    231001: "reaction type is invalid.",
    231002: "The operator has no permission to react on the specific message.",
    231003: "The message is not found, maybe not exist or deleted.",
    232009: "Your request specifies a chat which has already been dissolved.",
    234001: "Invalid request param.",
    234003: "File not in message.",
    234004: "App not in chat.",
    234006: "The file size exceed the max value.",
    234010: "File's size can't be 0.",
    234037: "Downloaded file size exceeds limit.",
    300301: "Duplicate or invalid element_id in card component.",
    300302: "update_multi property is false",
    300303: "Only schema 2.0 is supported",
    300305: "The number of card components exceeds 200",
    300307: "The card DSL is empty",
    300309: "Card streaming closed",
    300310: "Only update text",
    300313: "Failed to update element properties",
    300317: "The sequence number for operating on the card did not increment consecutively",
}


class Refused(Exception):
    """The call is answered with this code; `more` stands beside it, `headers` above it."""

    def __init__(self, code: int, detail: str = "", more: Piece | None = None, **headers: str) -> None:
        message = f"{TEXTS.get(code, 'failed')}{f' ext={detail}' if detail else ''}"
        super().__init__(message)
        self.code, self.status = code, STATUS.get(code, 400)
        self.answer: Piece = {"code": code, "msg": message, **(more or {})}
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def too_fast(code: int, seconds: float) -> Refused:
    """A rate limit; only that of the API tells for how long."""
    if code != 99991400:
        return Refused(code)
    reset = str(max(1, round(seconds)))
    return Refused(code, x_ogw_ratelimit_limit="50", x_ogw_ratelimit_reset=reset)


def violated(name: str, description: str, value: object = "") -> Refused:
    """A parameter or field that is not as the documentation has it."""
    violation = {"field": name, "description": description, "value": str(value)}
    refused = Refused(99992402, more={"error": {"field_violations": [violation]}})
    refused.answer["msg"] = "field validation failed"
    return refused


def scope_missing(app_id: str, scopes: tuple[str, ...]) -> Refused:
    listed = ", ".join(scopes)
    link = f"https://open.feishu.cn/app/{app_id}/auth?q={','.join(scopes)}&op_from=openapi&token_type=tenant"
    violations = [{"type": "action_scope_required", "subject": scope} for scope in scopes]
    refused = Refused(99991672, more={"error": {"permission_violations": violations}})
    refused.answer["msg"] = (
        f"Access denied. One of the following scopes is required: [{listed}]."
        f"应用尚未开通所需的应用身份权限：[{listed}]，点击链接申请并开通任一权限即可：{link}"
    )
    return refused


@dataclass(slots=True)
class Call:
    """A call of the bot; `status` and `code` are 0 and -1 while it has no answer, `at` is the clock's."""

    method: str
    path: str
    params: dict[str, str]
    at: float
    body: Piece = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    code: int = -1

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def text(self, name: str, longest: int = 0) -> str:
        """A string of the body, empty where there is none."""
        value = self.body.get(name, "")
        if not isinstance(value, str):
            raise violated(name, f"{name} must be a string", value)
        if longest and len(value) > longest:
            raise violated(name, f"the max len is {longest}", value)
        return value

    def needed(self, name: str, longest: int = 0) -> str:
        if not (value := self.text(name, longest)):
            raise violated(name, f"{name} is required")
        return value

    def number(self, name: str) -> int:
        """A positive int32 that must be there."""
        value = self.body.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_NUMBER:
            raise violated(name, f"{name} is required and an int32 above 0", value)
        return value

    def table(self, name: str) -> Piece:
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise violated(name, f"{name} is required and an object", value)
        return value

    def several(self, name: str) -> list[Any]:
        value = self.body.get(name)
        if not isinstance(value, list):
            raise violated(name, f"{name} is required and an array", value)
        return value


@dataclass(slots=True)
class Failing:
    """What will go wrong with `times` calls, after `skip` good ones."""

    part: str
    how: Fault
    times: int
    seconds: float
    skip: int

    def strikes(self) -> bool:
        """Count a call, and say whether it fails."""
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a file."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that has no `data`."""

    answer: Piece


def parsed(text: str, code: int) -> Piece:
    """The JSON object in a string. Raises Refused with that code."""

    def wrong(_constant: str) -> NoReturn:
        raise ValueError

    try:
        value = json.loads(text, parse_constant=wrong)
    except ValueError:
        raise Refused(code, "content is not a string in json format") from None
    if not isinstance(value, dict):
        raise Refused(code, "not a JSON object")
    return value
