"""One OpenAI-compatible server of the language model: what it is asked, and what its answers mean."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from rag.breaker import Breaker
from rag.budget import AUXILIARY, Budget, Cards
from rag.events import behind_thoughts, to_event, to_usage
from rag.faults import Blank, Fault, Overflow, Refused, faults
from rag.types import Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI
    from openai import AsyncOpenAI, AsyncStream

CONNECT = 10.0
"""Seconds for a connection."""

THOUGHTS = 4
"""How many times longer a model may think aloud than it may say nothing at all."""

TOKEN = 8
"""Characters of a token, at most and on average: an answer that has more is endless."""

# A server that looks for the end of the thoughts and finds none takes the whole answer for thoughts.
_WITHOUT_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}


@dataclass(frozen=True, slots=True)
class Terms:
    """What every server is asked with, times in seconds; without a `model` each is asked for its first.

    The last one is for a whole answer that goes on and on.
    """

    model: str
    key: str
    first_token_timeout: float
    idle_timeout: float
    max_tokens: int
    longest: float = 1800.0

    @property
    def whole_timeout(self) -> float:
        """For an answer that comes as a whole."""
        return self.first_token_timeout + self.idle_timeout


class ModelServer:
    """One server. Whatever goes wrong with it is a Fault, whose text goes on after `name`.

    `under_way` counts those whom it is answering; who asks keeps that and the breaker up to date.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, terms: Terms) -> None:
        self.name = re.sub(r"//[^/@]*@", "//", url)
        self.breaker = Breaker()
        self.under_way = 0
        self._url = url
        self._http = http
        self._terms = terms
        self._chat: ChatOpenAI | None = None
        self._budget = Budget(self._post, self._models)
        self._tells_cost = True

    async def stream(self, messages: Sequence["BaseMessage"]) -> AsyncGenerator[str | Usage, None]:
        """The answer from its first word, then what it cost if the server tells; "" is a thought.

        One that is too long or goes on for too long ends there, and so do thoughts.
        """
        with self._forgetting():
            for extra in ({}, _WITHOUT_THINKING):
                blank = True
                async with aclosing(self._spoken(messages, extra)) as pieces:
                    async for piece in pieces:
                        if blank and isinstance(piece, Usage):
                            break
                        blank = blank and not piece
                        yield piece
                if not blank:
                    return
            raise Blank

    async def complete(self, messages: Sequence["BaseMessage"], max_tokens: int) -> str:
        """The answer as a whole, not streamed, within both time limits added together."""
        with self._forgetting():
            chat = await self.chat()
            for extra in (None, _WITHOUT_THINKING):
                async with asyncio.timeout(self._terms.whole_timeout):
                    message = await chat.ainvoke(list(messages), extra_body=extra, max_tokens=max_tokens)
                if text := behind_thoughts(str(message.content)).rstrip():
                    return text
            raise Blank

    async def excess(self, messages: Sequence["BaseMessage"]) -> int:
        """Tokens by which the messages and an answer are over the context; 0 where nobody knows it."""
        try:
            with faults():
                async with asyncio.timeout(AUXILIARY):
                    model = (await self.chat()).model_name
        except Fault:
            return 0
        return await self._budget.excess(messages, model, self._terms.max_tokens)

    async def chat(self) -> "ChatOpenAI":
        if self._chat is None:
            with faults():
                model = self._terms.model or next(iter(await self._models()), "")
            if not model:
                raise Refused("serves no model")
            self._chat = self._client(model)
        return self._chat

    async def check(self) -> None:
        """Ask for its models, and see that ours is among them."""
        with faults():
            models = await self._models()
        if self._terms.model and self._terms.model not in models:
            raise Refused(f"serves {', '.join(models)}, not {self._terms.model!r}: check LLM_MODEL")

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Turn what goes wrong inside into a Fault; a server that comes back may be another one."""
        try:
            with faults():
                yield
        except Overflow as overflow:
            self._budget.learn(overflow.length)
            raise
        except Blank:
            raise
        except Fault:
            self._chat, self._budget, self._tells_cost = None, Budget(self._post, self._models), True
            raise

    async def _spoken(
        self, messages: Sequence["BaseMessage"], extra: Mapping[str, object]
    ) -> AsyncGenerator[str | Usage, None]:
        """What is said behind any thoughts, as long as it comes in time; "" for a thought."""
        pace, begun, held, finish, told = _Pace(self._terms), False, "", "", None
        async with aclosing(self._events(messages, extra)) as events:
            while not pace.over and (event := await _in_time(events, pace)) is not None:
                told = event.get("usage") or told
                for choice in event["choices"][:1]:
                    finish = choice.get("finish_reason") or finish
                    delta = choice.get("delta") or {}
                    said = text = delta.get("content") or ""
                    if not begun:
                        held += text
                        text = behind_thoughts(held)
                        begun = bool(text)
                    if said or _thought(delta):
                        pace.step(said, begun=begun)
                        yield text
        if not pace.over and finish in ("", "error", "abort"):
            raise Fault("broke off in mid-answer")
        if usage := to_usage(told):
            yield usage

    async def _events(
        self, messages: Sequence["BaseMessage"], extra: Mapping[str, object]
    ) -> AsyncGenerator[dict[str, Any], None]:
        async with await self._response(messages, extra) as stream:
            async for line in stream.response.aiter_lines():
                if line.startswith("data: [DONE]"):
                    return
                if event := to_event(line):
                    yield event

    async def _response(
        self, messages: Sequence["BaseMessage"], extra: Mapping[str, object]
    ) -> "AsyncStream[object]":
        """The stream asked for; without its cost from a server that minds being asked for that."""
        from langchain_core.messages import convert_to_openai_messages

        chat = await self.chat()
        body = {
            "model": chat.model_name,
            "messages": convert_to_openai_messages(list(messages)),
            "max_completion_tokens": self._budget.kept_free(self._terms.max_tokens),
            "temperature": chat.temperature,
            "stream": True,
            **extra,
        }
        cost = {"stream_options": {"include_usage": True}} if self._tells_cost else {}
        try:
            with faults():
                return await _streamed(chat, {**body, **cost})
        except Refused as refused:
            if "stream_options" not in str(refused):
                raise
            self._tells_cost = False
            return await _streamed(chat, body)

    async def _models(self) -> Cards:
        limit = self._terms.first_token_timeout
        response = await self._http.get(f"{self._url}/models", headers=self._headers(), timeout=limit)
        return {str(card["id"]): card for card in response.raise_for_status().json()["data"]}

    async def _post(self, path: str, body: object) -> httpx.Response:
        return await self._http.post(f"{self._url}{path}", json=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._terms.key}"}

    def _client(self, model: str) -> "ChatOpenAI":
        from langchain_openai import ChatOpenAI
        from openai import AsyncOpenAI

        # Failover and time limits are ours: theirs do not cover a stream.
        client = AsyncOpenAI(
            base_url=self._url,
            api_key=self._terms.key,
            http_client=self._http,
            max_retries=0,
            timeout=httpx.Timeout(self._terms.whole_timeout, connect=CONNECT),
        )
        return ChatOpenAI(
            base_url=self._url,
            root_async_client=client,
            async_client=client.chat.completions,
            model=model,
            max_completion_tokens=self._terms.max_tokens,
            temperature=0,
            stream_chunk_timeout=None,
            use_responses_api=False,
        )


async def _streamed(chat: "ChatOpenAI", body: object) -> "AsyncStream[object]":
    """The client's own request; LangChain's stream and the client's would build models of all that is said,
    which costs as much as everything else together.
    """
    from openai import AsyncStream

    client: AsyncOpenAI = chat.root_async_client
    return await client.post(
        "/chat/completions",
        cast_to=object,
        body=body,
        options={"timeout": httpx.Timeout(None, connect=CONNECT)},
        stream=True,
        stream_cls=AsyncStream[object],
    )


class _Pace:
    """How long an answer's next word may take. Events without one are no sign of life."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._start = time.monotonic()
        self._length = 0
        self.seconds = terms.first_token_timeout
        self.due = self._start + self.seconds
        self.over = False

    def step(self, text: str, *, begun: bool) -> None:
        """A word of the answer, once that has begun, or a thought."""
        now = time.monotonic()
        self.seconds = self._terms.idle_timeout
        self.due = now + self.seconds
        self._length += len(text)
        longest = self._terms.longest if begun else THOUGHTS * self._terms.first_token_timeout
        self.over = now - self._start > longest or self._length > TOKEN * self._terms.max_tokens


def _thought(delta: Mapping[str, object]) -> bool:
    # The second name is vLLM's.
    return bool(delta.get("reasoning_content") or delta.get("reasoning"))


async def _in_time(events: AsyncGenerator[dict[str, Any], None], pace: _Pace) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(pace.due - time.monotonic()):
            return await anext(events, None)
    except TimeoutError:
        raise Fault(f"said nothing for {pace.seconds:g} s") from None


def with_version(url: str) -> str:
    """The address with the version behind it that all of them have."""
    url = url.strip().rstrip("/")
    return url if re.search(r"/v\d\w*(/|$)", url) else f"{url}/v1"
