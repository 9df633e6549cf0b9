"""The web chat: a page mounted at "/" whose tabs ask, and follow what is said in their conversation."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException, Request

from adapters.base import Accept, AdapterError, Conversation, Delivery, Message, Recall, Reply, Sender
from adapters.web_calls import Calls, Json, reply_id
from adapters.web_door import Door
from adapters.web_growth import Growth
from adapters.web_pictures import pictures_of
from adapters.web_posts import KeepPost, is_post, not_kept, post_id, standing_alone
from adapters.web_relay import Relay, Replicas
from adapters.web_talk import PRESS, Talks
from adapters.web_visitors import IsStaff, Visitors, nobody
from adapters.web_words import WORDS

_RANDOM = re.compile(r"[0-9a-f]{32}")
_QUESTION = re.compile(r"web:[0-9a-f]{32}")

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


class WebAdapter:
    """The chat page. With a password people sign in under a name they choose; without, they are guests.

    Under a name of which `is_staff` one signs in with the `staff_password` alone. `recall` gives a page that
    opens the conversation so far, `keep` keeps what is posted in it. `examples` are questions offered on an
    empty page, in place of the page's own. Processes that serve the same page share a `relay`.
    """

    platform = "web"

    def __init__(
        self,
        title: str,
        languages: Sequence[str] = ("zh", "en"),
        recall: Recall | None = None,
        password: str | None = None,
        examples: Sequence[str] = (),
        relay: Relay | None = None,
        keep: KeepPost = not_kept,
        staff_password: str | None = None,
        is_staff: IsStaff = nobody,
    ) -> None:
        self._title = title
        self._languages = tuple(language for language in languages if language in WORDS) or ("zh",)
        self._visitors = Visitors(password, staff_password, is_staff)
        self._keep = keep
        self._examples = list(examples)
        self._talks = Talks()
        self._replicas = Replicas(self._talks, relay)
        self._calls = Calls(self._talks, self._replicas, recall)
        self._accept: Accept | None = None
        self._mounted = False

    @property
    def connected(self) -> bool:
        """Whether the page is mounted and its questions are taken."""
        return self._mounted and self._accept is not None

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether who comes with these cookies may see the course: everybody, or who has signed in."""
        return self._visitors.admits(cookies)

    async def run(self, accept: Accept) -> None:
        """Take questions from the page until cancelled."""
        self._accept = accept
        try:
            await self._replicas.listen()
        finally:
            self._accept = None
            # Calls held open would keep the web server from stopping.
            self._talks.wake()

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply where its conversation is open, now or when it is opened again."""
        sent_id = delivery.sent_id or reply_id(delivery.key)
        until_stopped = asyncio.timeout(None)
        growth = Growth(self._talks, self._replicas, sent_id, until_stopped)
        posted = is_post(sent_id)
        try:
            async with until_stopped:
                async for reply in replies:
                    if not await growth.show(await self._posted(reply, sent_id) if posted else reply):
                        break
        except TimeoutError:
            if not until_stopped.expired():
                raise
        finally:
            growth.leave()
            if isinstance(replies, AsyncGenerator):
                await replies.aclose()
        return await growth.close()

    async def retract(self, sent_id: str) -> None:
        """Take a reply back that no page has shown yet; what a page shows stays until it is opened again."""
        self._talks.drop(sent_id)
        await self._replicas.dropped(sent_id)

    def messages(self, _sent_id: str) -> tuple[str, ...]:
        """None: nothing on the page points at a reply."""
        return ()

    async def fetch(self, message: Message) -> Message:
        """The message: all of it came with it."""
        return message

    def mount(self, app: FastAPI) -> None:
        """Serve the page at "/" of `app`; routes added before keep their addresses. Takes seconds."""
        import gradio

        # The lifespan of an application mounted in another does not run. So Gradio's queue, which this
        # page does without, does not start; it would wake a thousand times a second.
        inner = FastAPI(openapi_url=None)

        @inner.post("/say")
        async def say(request: Request) -> None:
            try:
                call = await request.json()
            except ValueError as error:
                raise _out_of_date() from error
            await self._say(call, request.cookies)

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
        """The gradio.Blocks; the functions in it are what its script calls."""
        import gradio

        async def open_talk(call: dict[str, Any], request: gradio.Request) -> Json:
            _, sender, conversation = await self._known(call, request.cookies)
            return await _told(self._calls.open(sender, conversation))

        async def say(call: dict[str, Any], request: gradio.Request) -> None:
            await self._say(call, request.cookies)

        async def follow(call: dict[str, Any], request: gradio.Request) -> Json:
            _, sender, conversation = await self._known(call, request.cookies)
            waiting = _message_ids(call.get("waiting"))
            return await self._calls.follow(sender, conversation, _seen(call), waiting)

        async def stop(call: dict[str, Any], request: gradio.Request) -> None:
            accept, sender, conversation = await self._known(call, request.cookies)
            ids = _message_ids(call.get("ids"))
            await _told(self._calls.stop(accept, sender, conversation, ids))

        async def leave(call: dict[str, Any], request: gradio.Request) -> None:
            _, _, conversation = await self._known(call, request.cookies)
            self._talks.of(conversation.chat_id).wake()

        with gradio.Blocks(title=self._title, analytics_enabled=False) as page:
            gradio.HTML(
                html_template=_asset("web.html"),
                js_on_load="".join(map(_asset, ("web_feed.js", "web_pictures.js", "web.js"))),
                apply_default_css=False,
                server_functions=[open_talk, say, follow, stop, leave],
                title=self._title,
                words={language: dict(WORDS[language]) for language in self._languages},
                examples=self._examples,
            )
        return page

    async def _posted(self, reply: Reply, sent_id: str) -> Reply:
        """What is shown of a post; when it is whole it is kept before."""
        shown = standing_alone(reply, self._talks.of(reply.conversation.chat_id))
        if reply.final:
            await self._keep(post_id(sent_id), shown)
        return shown

    async def _say(self, call: Any, cookies: Mapping[str, str]) -> None:
        accept, sender, conversation = await self._known(call, cookies)
        sent_at, images = datetime.now(UTC), pictures_of(call)
        message = Message(
            _message_id(call), conversation, sender, _text(call, "text"), sent_at, images=images
        )
        await _told(self._calls.say(accept, message, _text(call, "shown")))

    async def _known(self, call: Any, cookies: Mapping[str, str]) -> tuple[Accept, Sender, Conversation]:
        """Who calls, and in which conversation: the same id from another person is another one."""
        sender = await self._visitors.known(cookies)
        if sender is None or not isinstance(call, dict) or not _RANDOM.fullmatch(str(call.get("talk"))):
            raise _out_of_date()
        if self._accept is None:
            raise _not_now()
        chat_id = hashlib.sha256(f"{call['talk']} {sender.id}".encode()).hexdigest()[:32]
        return self._accept, sender, Conversation(self.platform, chat_id)


async def _told(answer: Awaitable[_Answer]) -> _Answer:
    """The answer to a call; what is wrong with the bot is the operator's to know, the page tries again."""
    try:
        return await answer
    except AdapterError as error:
        log.warning("%s", error)
        raise _not_now() from error


def _not_now() -> HTTPException:
    return HTTPException(503, "The assistant is not running: try again in a moment.")


def _out_of_date() -> HTTPException:
    return HTTPException(400, "The page is out of date: reload it.")


def _message_id(call: Mapping[str, Any]) -> str:
    """Made by the page, so that it knows the question by it before the answer comes."""
    if not _RANDOM.fullmatch(str(call.get("id"))):
        raise _out_of_date()
    return f"{PRESS}{call['id']}" if call.get("press") is True else f"web:{call['id']}"


def _message_ids(ids: object) -> list[str]:
    """The questions that the page waits for the answers to, or no more."""
    return [each for each in map(str, ids) if _QUESTION.fullmatch(each)] if isinstance(ids, list) else []


def _text(call: Mapping[str, Any], field: str) -> str:
    """Without halves of surrogate pairs, which a browser sends and nothing can be sent back with."""
    return str(call.get(field, "")).encode(errors="ignore").decode()


def _seen(call: Mapping[str, Any]) -> int:
    """The version of the talk that the page has."""
    seen = call.get("seen")
    if not isinstance(seen, int):
        raise _out_of_date()
    return seen


def _asset(name: str) -> str:
    return files("adapters").joinpath(name).read_text("utf-8")
