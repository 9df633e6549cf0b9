"""The web chat: a page mounted at "/" whose tabs ask, and follow what is said in their conversation."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, HTTPException

from adapters.base import Accept, Conversation, Message, Recall, Reply, Sender
from adapters.web_door import Door, Visitors
from adapters.web_html import Renderer, allowed
from adapters.web_talk import Talks
from adapters.web_words import WORDS

_HOLD_SECONDS = 20.0
_RANDOM = re.compile(r"[0-9a-f]{32}")

Json = dict[str, object]


class WebAdapter:
    """The chat page. With a password people sign in under a name they choose; without, they are guests.

    `recall` gives a page that opens the conversation so far. `examples` are questions offered on an
    empty page, in place of the page's own.
    """

    platform = "web"

    def __init__(
        self,
        title: str,
        languages: Sequence[str] = ("zh", "en"),
        recall: Recall | None = None,
        password: str | None = None,
        examples: Sequence[str] = (),
    ) -> None:
        self._title = title
        self._languages = tuple(language for language in languages if language in WORDS) or ("zh",)
        self._recall = recall
        self._visitors = Visitors(password)
        self._examples = list(examples)
        self._talks = Talks()
        self._renderer = Renderer()
        self._accept: Accept | None = None
        self._mounted = False

    @property
    def connected(self) -> bool:
        """Whether the page is mounted and its questions are taken."""
        return self._mounted and self._accept is not None

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether who comes with these cookies may see the course: everybody, or who has signed in."""
        return self._visitors.password is None or self._visitors.known(cookies) is not None

    async def run(self, accept: Accept) -> None:
        """Take questions from the page until cancelled."""
        self._accept = accept
        try:
            await asyncio.Event().wait()
        finally:
            self._accept = None
            # Calls held open would keep the web server from stopping.
            self._talks.wake()

    async def show(self, replies: AsyncIterator[Reply]) -> str:
        """Show a growing reply where its conversation is open, now or when it is opened again."""
        sent_id = f"web:{uuid4()}"
        until_stopped = asyncio.timeout(None)
        try:
            async with until_stopped:
                await self._grow(sent_id, replies, until_stopped)
        except TimeoutError:
            if not until_stopped.expired():
                raise
        finally:
            if isinstance(replies, AsyncGenerator):
                await replies.aclose()
        return sent_id

    async def _grow(
        self, sent_id: str, replies: AsyncIterator[Reply], until_stopped: asyncio.Timeout
    ) -> None:
        reply: Reply | None = None
        try:
            async for reply in replies:
                talk = self._talks.of(reply.conversation.chat_id)
                talk.growing[reply.in_reply_to] = until_stopped
                if reply.in_reply_to in talk.stopped:
                    break
                talk.show(sent_id, reply)
        finally:
            if reply is not None:
                talk.ended(reply.in_reply_to)
                if not reply.final and sent_id in talk.shown:
                    talk.show(sent_id, replace(reply, final=True))

    async def retract(self, sent_id: str) -> None:
        """Take a reply back that no page has shown yet; what a page shows stays until it is opened again."""
        self._talks.drop(sent_id)

    def mount(self, app: FastAPI) -> None:
        """Serve the page at "/" of `app`; routes added before keep their addresses. Takes seconds."""
        import gradio

        # The lifespan of an application mounted in another does not run. So Gradio's queue, which this
        # page does without, does not start; it would wake a thousand times a second.
        inner = FastAPI(openapi_url=None)
        gradio.mount_gradio_app(
            inner,
            self._page(),
            path="/",
            head=f"<style>{_asset('web.css')}</style>",
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            show_error=False,
        )
        app.mount("/", Door(inner, self._visitors, self._title, self._languages))
        self._mounted = True

    def _page(self) -> Any:
        """The gradio.Blocks; the functions in it are what web.js calls."""
        import gradio

        async def open_talk(call: dict[str, Any], request: gradio.Request) -> Json:
            return await self._open(*self._known(call, request.cookies))

        async def say(call: dict[str, Any], request: gradio.Request) -> None:
            await self._say(
                *self._known(call, request.cookies), _message_id(call), _text(call), call.get("press") is True
            )

        async def follow(call: dict[str, Any], request: gradio.Request) -> Json:
            _, conversation = self._known(call, request.cookies)
            return await self._follow(conversation, _seen(call), _waiting(call))

        async def stop(call: dict[str, Any], request: gradio.Request) -> None:
            _, conversation = self._known(call, request.cookies)
            self._talks.of(conversation.chat_id).stop(_message_id(call))

        async def leave(call: dict[str, Any], request: gradio.Request) -> None:
            _, conversation = self._known(call, request.cookies)
            self._talks.of(conversation.chat_id).wake()

        with gradio.Blocks(title=self._title, analytics_enabled=False) as page:
            gradio.HTML(
                html_template=_asset("web.html"),
                js_on_load=_asset("web.js"),
                apply_default_css=False,
                server_functions=[open_talk, say, follow, stop, leave],
                title=self._title,
                words={language: dict(WORDS[language]) for language in self._languages},
                examples=self._examples,
            )
        return page

    def _known(self, call: Any, cookies: Mapping[str, str]) -> tuple[Sender, Conversation]:
        """Who calls, and in which conversation: the same id from another person is another one."""
        sender = self._visitors.known(cookies)
        if sender is None or not isinstance(call, dict) or not _RANDOM.fullmatch(str(call.get("talk"))):
            raise HTTPException(400, "The page is out of date: reload it.")
        if self._accept is None:
            raise HTTPException(503, "The assistant is not running: try again in a moment.")
        chat_id = hashlib.sha256(f"{call['talk']} {sender.id}".encode()).hexdigest()[:32]
        return sender, Conversation(self.platform, chat_id)

    async def _open(self, sender: Sender, conversation: Conversation) -> Json:
        talk = self._talks.of(conversation.chat_id)
        exchanges = await self._recall(conversation, sender) if self._recall else ()
        recalled = {exchange.message_id for exchange in exchanges}
        told = {(exchange.message_id, exchange.reply.text) for exchange in exchanges}
        news = [
            (sent_id, reply) for sent_id, reply in talk.news() if (reply.in_reply_to, reply.text) not in told
        ]
        history = [
            {
                "id": each.message_id,
                "text": each.question,
                "vote": each.vote,
                "reply": self._json("", each.reply, each.question),
            }
            for each in exchanges
        ]
        return {
            "name": sender.name,
            "history": history,
            "waiting": [{"id": key, "text": text} for key, text in talk.unanswered() if key not in recalled],
            "replies": [
                self._json(sent_id, reply, talk.asked.get(reply.in_reply_to)) for sent_id, reply in news
            ],
            "version": talk.version,
        }

    async def _say(
        self, sender: Sender, conversation: Conversation, message_id: str, text: str, press: bool
    ) -> None:
        assert self._accept is not None  # _known has seen to it
        talk = self._talks.of(conversation.chat_id)
        talk.ask(message_id, "" if press else text)  # before the reply can come
        accepted = False
        try:
            await self._accept(Message(message_id, conversation, sender, text, datetime.now(UTC)))
            accepted = True
        finally:
            if not accepted:
                talk.asked.pop(message_id, None)

    async def _follow(self, conversation: Conversation, seen: int, waiting: Sequence[str]) -> Json:
        """What is new in the conversation; held open until there is something.

        `lost` are the questions among those a page is `waiting` for that died with an earlier process.
        """
        talk = self._talks.of(conversation.chat_id)
        talk.acknowledge(seen)
        await talk.wait(seen, _HOLD_SECONDS)
        return {
            "replies": [
                self._json(sent_id, reply, talk.asked.get(reply.in_reply_to))
                for sent_id, reply in talk.since(seen)
            ],
            "lost": [message_id for message_id in waiting if message_id not in talk.asked],
            "version": talk.version,
        }

    def _json(self, sent_id: str, reply: Reply, question: str | None) -> Json:
        return {
            "id": sent_id,
            "to": reply.in_reply_to,
            "question": question,
            "html": self._renderer.html(reply.text),
            "sources": [
                {
                    "place": " › ".join(filter(None, (source.title, source.heading))),
                    "url": source.url if allowed(source.url) else "",
                    "revision": source.revision,
                }
                for source in reply.sources
            ],
            "buttons": [{"label": button.label, "command": button.command} for button in reply.buttons],
            "final": reply.final,
        }


def _message_id(call: Mapping[str, Any]) -> str:
    """Made by the page, so that it knows the question by it before the answer comes."""
    if not _RANDOM.fullmatch(str(call.get("id"))):
        raise HTTPException(400, "The page is out of date: reload it.")
    return f"web:{call['id']}"


def _text(call: Mapping[str, Any]) -> str:
    """Without halves of surrogate pairs, which a browser sends and nothing can be sent back with."""
    return str(call.get("text", "")).encode(errors="ignore").decode()


def _seen(call: Mapping[str, Any]) -> int:
    """The version of the talk that the page has."""
    seen = call.get("seen")
    if not isinstance(seen, int):
        raise HTTPException(400, "The page is out of date: reload it.")
    return seen


def _waiting(call: Mapping[str, Any]) -> list[str]:
    """The ids of the questions that the page waits for the answers to."""
    waiting = call.get("waiting")
    return [str(each) for each in waiting] if isinstance(waiting, list) else []


def _asset(name: str) -> str:
    return files("adapters").joinpath(name).read_text("utf-8")
