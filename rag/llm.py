"""The language model: ChatOpenAI over OpenAI-compatible servers, with failover and time limits of our own.

LangChain is imported with the first question or by `warm`: it costs seconds that start-up need not pay.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from rag.types import ModelUnavailable

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage, BaseMessageChunk
    from langchain_openai import ChatOpenAI

# A server that looks for the end of the thoughts and finds none takes the whole answer for thoughts.
_WITHOUT_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}

# What a client trips over when a server says 200 and sends something else than an answer.
_TRIPPED = (httpx.HTTPError, httpx.InvalidURL, OSError, AttributeError, LookupError, TypeError, ValueError)


class _Unusable(Exception):
    """What a server sent is no answer; the text completes a sentence that begins with its URL."""


class LanguageModel:
    """Asks the servers in order, beginning with the last good one, until one of them begins to answer.

    `base_urls` are taken with or without `/v1`; without a `model` each server is asked once for its first.
    Time limits are in seconds: up to the first sign of an answer, and between two. Every call raises
    ModelUnavailable, whose text names each server tried and what was wrong with it.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model: str = "",
        api_key: str = "",
        *,
        first_token_timeout: float = 30.0,
        idle_timeout: float = 15.0,
        max_tokens: int = 2048,
    ) -> None:
        self._urls = [_with_version(url) for url in base_urls]
        self._model = model
        self._key = api_key or "none"
        self._first_token_timeout = first_token_timeout
        self._idle_timeout = idle_timeout
        self._max_tokens = max_tokens
        self._last_good = self._urls[0]
        self._opening = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None
        self._chats: dict[str, ChatOpenAI] = {}

    async def warm(self) -> None:
        """Import and open what the first question would wait for; nothing is sent."""
        async with self._opening:
            if self._http is None:
                self._http = await asyncio.to_thread(_open)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def stream(self, messages: Sequence["BaseMessage"]) -> AsyncGenerator[str, None]:
        """The answer in pieces, beginning with its first word; closing the iterator ends the request.

        Another server is tried only while nothing was yielded.
        """
        await self.warm()
        problems = []
        for url in self._in_order():
            begun = False
            try:
                async with aclosing(self._stream_from(url, messages)) as texts:
                    async for text in texts:
                        begun = True
                        yield text
                self._last_good = url
                return
            except ModelUnavailable as problem:
                if begun:
                    self._last_good = next((other for other in self._urls if other != url), url)
                    raise
                problems.append(str(problem))
        raise ModelUnavailable("; ".join(problems))

    async def complete(self, messages: Sequence["BaseMessage"]) -> str:
        """The answer as a whole, not streamed, within both time limits added together."""
        await self.warm()
        problems = []
        for url in self._in_order():
            try:
                text = await self._complete_at(url, messages)
                self._last_good = url
                return text
            except ModelUnavailable as problem:
                problems.append(str(problem))
        raise ModelUnavailable("; ".join(problems))

    async def reachable(self) -> list[tuple[str, str]]:
        """Each server's URL with what is wrong with it, or an empty text; asks for its models only."""
        return list(await asyncio.gather(*map(self._probe, self._urls)))

    def _in_order(self) -> list[str]:
        return sorted(self._urls, key=lambda url: url != self._last_good)

    async def _stream_from(self, url: str, messages: Sequence["BaseMessage"]) -> AsyncGenerator[str, None]:
        with self._blaming(url):
            chat = await self._chat(url)
            for extra in (None, _WITHOUT_THINKING):
                begun = False
                async with aclosing(self._spoken(chat.astream(list(messages), extra_body=extra))) as texts:
                    async for text in texts:
                        begun = True
                        yield text
                if begun:
                    return
            raise _Unusable("gave an empty answer")

    async def _spoken(self, chunks: AsyncIterator["BaseMessageChunk"]) -> AsyncGenerator[str, None]:
        """The chunks' text from its first word behind any thoughts, as long as they come in time."""
        begun, held, finish = False, "", ""
        limit = self._first_token_timeout
        while (chunk := await _in_time(chunks, limit)) is not None:
            limit = self._idle_timeout
            finish = chunk.response_metadata.get("finish_reason") or finish
            text = str(chunk.content)
            if not begun:
                held += text
                text = _behind_thoughts(held)
                begun = bool(text)
            if text:
                yield text
        if finish in ("", "error", "abort"):
            raise _Unusable("broke off in mid-answer")

    async def _complete_at(self, url: str, messages: Sequence["BaseMessage"]) -> str:
        with self._blaming(url):
            chat = await self._chat(url)
            for extra in (None, _WITHOUT_THINKING):
                async with asyncio.timeout(self._first_token_timeout + self._idle_timeout):
                    message = await chat.ainvoke(list(messages), extra_body=extra)
                if text := _behind_thoughts(str(message.content)).rstrip():
                    return text
            raise _Unusable("gave an empty answer")

    async def _probe(self, url: str) -> tuple[str, str]:
        await self.warm()
        try:
            with self._blaming(url):
                models = await self._models(url)
                if self._model and self._model not in models:
                    raise _Unusable(f"serves {', '.join(models)}, not {self._model!r}: check LLM_MODEL")
        except ModelUnavailable as problem:
            return _shown(url), str(problem)
        return _shown(url), ""

    async def _chat(self, url: str) -> "ChatOpenAI":
        if url not in self._chats:
            self._chats[url] = self._client(url, self._model or (await self._models(url))[0])
        return self._chats[url]

    def _client(self, url: str, model: str) -> "ChatOpenAI":
        from langchain_openai import ChatOpenAI
        from openai import AsyncOpenAI
        from openai.types.chat import ChatCompletionChunk

        class Client(AsyncOpenAI):
            def _process_response_data(self, *, data: object, cast_to: Any, response: Any) -> Any:
                # LangChain takes a chunk as the plain dict it is; a model of it costs 0.2 ms a token.
                if cast_to is ChatCompletionChunk:
                    return data
                return super()._process_response_data(data=data, cast_to=cast_to, response=response)

        # Failover and time limits are ours: theirs do not cover a stream.
        client = Client(base_url=url, api_key=self._key, http_client=self._http, max_retries=0)
        return ChatOpenAI(
            base_url=url,
            root_async_client=client,
            async_client=client.chat.completions,
            model=model,
            max_completion_tokens=self._max_tokens,
            temperature=0,
            stream_chunk_timeout=None,
            use_responses_api=False,
        )

    async def _models(self, url: str) -> list[str]:
        assert self._http
        headers = {"Authorization": f"Bearer {self._key}"}
        response = await self._http.get(f"{url}/models", headers=headers, timeout=self._first_token_timeout)
        response.raise_for_status()
        return [str(model["id"]) for model in response.json()["data"]]

    @contextmanager
    def _blaming(self, url: str) -> Iterator[None]:
        """Turn what goes wrong inside into a ModelUnavailable that names the server."""
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, _Unusable, *_TRIPPED) as error:
            # Its model may be another one when it comes back.
            self._chats.pop(url, None)
            raise ModelUnavailable(f"{_shown(url)} {_reason(error)}") from error


def _open() -> httpx.AsyncClient:
    import langchain_openai  # noqa: F401  to have it imported in this thread

    # Uvicorn, and with it LMDeploy, drops a connection after 5 s of silence: let go of it before.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=4)
    return httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(None, connect=10))


async def _in_time(chunks: AsyncIterator["BaseMessageChunk"], seconds: float) -> "BaseMessageChunk | None":
    try:
        async with asyncio.timeout(seconds):
            return await anext(chunks, None)
    except TimeoutError:
        raise _Unusable(f"sent nothing for {seconds:g} s") from None


def _behind_thoughts(text: str) -> str:
    """What follows the thoughts that some models say aloud first; empty while they last."""
    text = text.lstrip()
    if "<think>".startswith(text[:7]):
        return text.partition("</think>")[2].lstrip()
    return text


def _with_version(url: str) -> str:
    url = url.strip().rstrip("/")
    return url if re.search(r"/v\d\w*(/|$)", url) else f"{url}/v1"


def _shown(url: str) -> str:
    """The URL without a user and password in it."""
    return re.sub(r"//[^/@]*@", "//", url)


def _reason(error: Exception) -> str:
    """What a server did wrong, as the end of a sentence that begins with its URL."""
    if isinstance(error, _Unusable):
        return str(error)
    if (response := getattr(error, "response", None)) is not None:
        return _refusal(response)
    chain: list[BaseException] = [error]
    while cause := chain[-1].__cause__:
        chain.append(cause)
    if any(isinstance(link, TimeoutError | httpx.TimeoutException) for link in chain):
        return "did not answer in time"
    if any(isinstance(link, httpx.HTTPError | httpx.InvalidURL | OSError) for link in chain):
        return f"cannot be reached or hung up ({chain[-1]})"
    return f"sent something that is no answer ({chain[-1]})"


def _refusal(response: httpx.Response) -> str:
    status = response.status_code
    known = {
        401: "refuses the key (HTTP 401): check LLM_API_KEY",
        403: "refuses the key (HTTP 403): check LLM_API_KEY",
        404: "knows no such model (HTTP 404): check LLM_MODEL",
        429: "is overloaded (HTTP 429)",
    }
    return known.get(status, f"answered HTTP {status}: {' '.join(response.text.split())[:200]}")
