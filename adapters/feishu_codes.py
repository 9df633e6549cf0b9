"""What Feishu's error codes mean: what to do about an answer, and the error it is where nothing helps."""

import re
from collections.abc import Mapping
from typing import Literal

from adapters.base import AdapterError, AttachmentRefused, ChatClosed, DeliveryFailed, Flaw
from adapters.feishu_faults import (
    CardRefused,
    ContentRefused,
    MessageGone,
    Muted,
    NoBot,
    NoThreads,
    QuestionGone,
    QuotaUsedUp,
    ScopeMissing,
    StreamClosed,
)
from adapters.feishu_wire import Call, Said

Verdict = Literal["done", "token", "slow", "again", "refused"]
"""It is done; the token is not taken; too many calls; a passing fault; it will never be done."""

_QUOTA_USED_UP = 99991403
_NO_BOT, _BOT_IS_OFF = 11205, 230006

# What Feishu says of a token of ours that has ended; of some old ones that they are a user's.
_TOKEN_ENDED = frozenset({99991663, 99991668})
_SLOW = frozenset({99991400, 230020, 11232})
_SLOW_PLACE = 230020
# Among them: the message is just being sent, a click on the card is just being processed.
_PASSING = frozenset({2200, 230049, 200810})
_REPEATED = 200770  # a uuid that a card had before
_OVERTAKEN = 300317  # a sequence number that is not higher than the last

_CLOSED = frozenset({230002, 230013, 230029, 230053, 232009, 232011})
_GONE = frozenset({230011, 230110, 231003})
_UNCHANGEABLE = frozenset({230031, 230072, 200750})
_MUTED = frozenset({230017, 230018, 230035})
_FORBIDDEN = frozenset({230022, 230028})
_CARD, _TOO_LONG = 230099, 230025
_STREAM_CLOSED = frozenset({200850, 300309})
_NO_THREADS = 230071
_SCOPE_MISSING = 99991672
_FLAWS: Mapping[int, Flaw] = {234006: "size", 234037: "size", 234043: "type"}


def verdict(said: Said, unsure: bool = False) -> Verdict:
    """What to do about an answer; `unsure`: the same call was made before and may have been done."""
    code = said.code
    if (code in (0, _REPEATED) and said.status < 500) or (unsure and code == _OVERTAKEN):
        return "done"
    if code in _TOKEN_ENDED:
        return "token"
    if code in _SLOW or said.status == 429:
        return "slow"
    return "again" if said.status >= 500 or code in _PASSING else "refused"


def concerns_place(said: Said) -> bool:
    """Whether "too many calls" is said of the chat or the message; else it is of the API."""
    return said.code == _SLOW_PLACE


def refusal(call: Call, said: Said, console: str) -> AdapterError:
    """The error for an answer that nothing helps; `console` is the address of the app's settings."""
    reason, code = f"{call.api.name}: {said.message}", inner_code(said)
    match code:
        case _ if code in _CLOSED:
            return ChatClosed(f"A Feishu chat is closed to the bot ({reason}).")
        case _ if code in _GONE and call.method == "POST":
            return QuestionGone(f"The message to be answered has been withdrawn ({reason}).")
        case _ if code in _GONE | _UNCHANGEABLE:
            return MessageGone(f"A Feishu message cannot be changed any more ({reason}).")
        case _ if code in _MUTED:
            return Muted(f"The bot may not write in a Feishu chat now ({reason}).")
        case _ if code in _FORBIDDEN:
            return ContentRefused(f"Feishu does not let this be said there ({reason}).")
        case _ if code in _STREAM_CLOSED:
            return StreamClosed(f"A Feishu card is not streaming any more ({reason}).", code)
        case _ if _of_a_card(code):
            return CardRefused(f"Feishu does not show such a card ({reason}).", code)
        case _ if 234000 <= code < 235000:
            return AttachmentRefused(_FLAWS.get(code, "gone"))
    return _of_the_app(code, reason, said, console)


def no_bot(reason: str, console: str) -> NoBot:
    """The error for an app that is no bot."""
    return NoBot(
        f"The Feishu app has no bot ability ({reason}); "
        f"add it (应用能力 → 机器人) at {console}/bot and publish a new version of the app."
    )


def inner_code(said: Said) -> int:
    """The code; of a card that could not be built the one in the text, which says why."""
    found = re.search(r"ErrCode:\s*(\d+)", said.message) if said.code == _CARD else None
    return int(found[1]) if found else said.code


def _of_a_card(code: int) -> bool:
    # 11310: too many tables or elements; 100290: an @ of nobody.
    in_range = 200000 <= code < 201000 or 300000 <= code < 301000
    return in_range or code in (_CARD, _TOO_LONG, 11310, 100290)


def _of_the_app(code: int, reason: str, said: Said, console: str) -> AdapterError:
    if code == _NO_THREADS:
        return NoThreads(f"This Feishu group has no threads ({reason}).")
    if code == _QUOTA_USED_UP:
        return QuotaUsedUp(f"The Feishu tenant has used up its calls of this month ({reason}).")
    if code == _NO_BOT:
        return no_bot(reason, console)
    if code == _BOT_IS_OFF:
        return DeliveryFailed(str(no_bot(reason, console)))
    if code == _SCOPE_MISSING:
        scopes = _scopes(said.body)
        return ScopeMissing(
            f"The Feishu app has no right {' / '.join(scopes) or 'for this call'} ({reason}); add one "
            f"(权限管理) at {console}/auth?q={','.join(scopes)} and publish a new version of the app."
        )
    return DeliveryFailed(f"Feishu refused a call ({reason}).")


def _scopes(body: Mapping[str, object]) -> list[str]:
    """The scopes of which one would do, from the list of what was violated, else from the message."""
    error = body.get("error")
    violations = error.get("permission_violations") if isinstance(error, dict) else None
    listed = violations if isinstance(violations, list) else []
    named = [str(one["subject"]) for one in listed if isinstance(one, dict) and one.get("subject")]
    found = re.search(r"\[([\w:.,\s-]+)\]", str(body.get("msg", "")))
    return named or ([one.strip() for one in found[1].split(",")] if found else [])
