"""The token budget of one server: what its context takes, and how long a prompt is."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from rag.faults import Fault, faults

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

AUXILIARY = 5.0
"""Seconds for a question about the model or a prompt's length, on which no answer hangs."""

_MESSAGE = 8
"""Tokens that a chat template puts around a message."""

_IMAGE = 1000
"""Tokens of an image: between a thumbnail and a screenful, for the models that look at them."""

_WIDE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)

_NOT_THERE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)

Cards = Mapping[str, Mapping[str, object]]
"""What /v1/models tells of each model, by its name."""


class Budget:
    """What fits into a server's context, as far as its models' cards tell or `learn` was told.

    LMDeploy's cards tell no length; its refusal of a prompt that is too long does.
    """

    def __init__(
        self, post: Callable[[str, object], Awaitable[httpx.Response]], cards: Callable[[], Awaitable[Cards]]
    ) -> None:
        self._post = post
        self._cards = cards
        self._length: int | None = None
        self._counts = True

    def learn(self, length: int) -> None:
        """Take the context's length from the server's own words; 0 says nothing."""
        self._length = length or self._length

    def kept_free(self, max_tokens: int) -> int:
        """Of `max_tokens` for an answer those that are kept free for it: at most half the context."""
        return min(max_tokens, self._length // 2) if self._length else max_tokens

    async def excess(self, messages: Sequence["BaseMessage"], model: str, max_tokens: int) -> int:
        """Tokens by which messages and answer are over the context of `model`; 0 where nobody knows."""
        if self._length is None:
            self._length = await self._told(model)
        if not self._length:
            return 0
        room = self._length - self.kept_free(max_tokens) - _besides(messages)
        text = _text(messages)
        tokens = estimated(text)
        if tokens > room / 2:
            tokens = await self._counted(text) or tokens
        return max(0, tokens - room)

    async def _told(self, model: str) -> int:
        try:
            with faults():
                async with asyncio.timeout(AUXILIARY):
                    cards = await self._cards()
        except Fault:
            return 0
        length = cards.get(model, {}).get("max_model_len")
        return length if isinstance(length, int) else 0

    async def _counted(self, text: str) -> int:
        """The server's own count, 0 where it gives none: /v1/encode is LMDeploy's, and not its proxy's."""
        if not self._counts:
            return 0
        try:
            with faults():
                async with asyncio.timeout(AUXILIARY):
                    response = await self._post("/encode", {"input": text})
                self._counts = response.status_code not in _NOT_THERE
                return int(response.raise_for_status().json()["length"])
        except Fault:
            return 0


def estimated(text: str) -> int:
    """About as many tokens as a tokenizer for Chinese and English makes of it, within a factor of 2."""
    wide = len(_WIDE.findall(text))
    return wide + round((len(text) - wide) / 3.5)


def _text(messages: Sequence["BaseMessage"]) -> str:
    """All that is written in them, without images."""
    contents = [message.content for message in messages]
    blocks = [block for content in contents for block in ([content] if isinstance(content, str) else content)]
    return "\n".join(block if isinstance(block, str) else str(block.get("text", "")) for block in blocks)


def _besides(messages: Sequence["BaseMessage"]) -> int:
    """Tokens that are not in their text: the template's and those of images."""
    blocks = [block for message in messages for block in message.content if not isinstance(block, str)]
    return _MESSAGE * len(messages) + _IMAGE * sum("image" in str(block.get("type")) for block in blocks)
