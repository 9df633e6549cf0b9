"""What is posted on the web page by itself, beside answers to messages: kept for pages that open later."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from adapters.base import Reply
from adapters.web_calls import reply_id
from adapters.web_talk import Talk

KeepPost = Callable[[str, Reply], Awaitable[None]]
"""Keeps what is posted, by an id; `Recall` gives it as an Exchange of this id without a question.

The same one may come again, and replaces the one before. Raises DeliveryFailed.
"""

_ANSWER = re.compile(reply_id(r"web:(press\.)?[0-9a-f]{32}"))
_QUOTED = 80


async def not_kept(_id: str, _reply: Reply) -> None:
    """It is gone when the page is opened again."""


def is_post(sent_id: str) -> bool:
    """Whether what is shown under this id is no answer to a message that came from a page."""
    return _ANSWER.fullmatch(sent_id) is None


def post_id(sent_id: str) -> str:
    """What it is kept by; `reply_id` makes the other one of it."""
    return sent_id.removesuffix(reply_id(""))


def standing_alone(reply: Reply, talk: Talk) -> Reply:
    """The reply below the question that it is about, where others came since: nothing points at it there."""
    latest = next(reversed(talk.asked), "") == reply.in_reply_to
    question = "" if latest else " ".join(talk.asked.get(reply.in_reply_to, "").split())
    shown = question if len(question) <= _QUOTED else f"{question[:_QUOTED]}…"
    text = f"> {shown}\n\n{reply.text}" if shown else reply.text
    return replace(reply, text=text, in_reply_to="", merged=())
