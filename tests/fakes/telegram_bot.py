"""The Telegram adapter as tests need it: at a quick pace, and with replies that wait for what is seen."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from adapters.base import Accept, Button, Conversation, Delivery, Message, Reply
from adapters.telegram import Menu, TelegramAdapter
from adapters.telegram_api import Me, TelegramApi
from adapters.telegram_growth import Tempo, Timing
from adapters.telegram_intake import Polling, Webhook
from adapters.telegram_pace import Pace
from tests.fakes.telegram_chats import Chat, Topic
from tests.fakes.telegram_server import TelegramServer

HURRY = 1000
"""How many times faster than Telegram wants it the bot goes."""

AT_ONCE = Timing(Tempo(0, 0), Tempo(0, 0), patience=5, aftermath=5)
"""Every frame that comes is shown."""

AGAIN = Button("再发一次", "/again")
LOST = "刚才的回答可能没有送到。"

Seen = Callable[[], object]
"""What a reply waits for."""


def lost(_reply: Reply) -> tuple[str, Button]:
    """What is said where an answer may have been lost."""
    return LOST, AGAIN


async def unset(_api: TelegramApi, _me: Me) -> None:
    """No menu."""


class Alone:
    """The lease of a bot that runs once."""

    async def hold(self, name: str, seconds: float) -> bool:
        return True

    async def release(self, name: str) -> None: ...


def quick() -> Pace:
    """Telegram's pace, in a hurry."""

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)

    return Pace(lambda: time.monotonic() * HURRY, wait)


def api_of(server: TelegramServer) -> TelegramApi:
    return TelegramApi(server.token, server.url, quick())


def adapter_of(
    server: TelegramServer, timing: Timing = AT_ONCE, menu: Menu = unset, webhook: Webhook | None = None
) -> TelegramAdapter:
    """A bot at this server; its answers link to https://course.example."""
    api = api_of(server)
    intake = webhook or Polling(api, Alone())
    return TelegramAdapter(api, intake, lost, "https://course.example", menu, timing)


async def nobody(message: Message) -> None:
    """Nothing is answered but by the test."""


@asynccontextmanager
async def running(adapter: TelegramAdapter, accept: Accept = nobody) -> AsyncIterator[TelegramAdapter]:
    """The adapter while messages come in."""
    work = asyncio.create_task(adapter.run(accept))
    try:
        yield adapter
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


@dataclass
class Shelf:
    """What an inbox keeps of one message: its reply's sent id. `dies` is called before and after it does."""

    sent_id: str = ""
    kept: list[str] = field(default_factory=list)
    dies: Callable[[str], None] = lambda sent_id: None

    async def keep(self, sent_id: str) -> None:
        self.kept.append(sent_id)
        self.dies(f"before {len(self.kept)}")
        self.sent_id = sent_id
        self.dies(f"after {len(self.kept)}")

    def delivery(self, key: str) -> Delivery:
        return Delivery(key, self.sent_id, self.keep)


@dataclass(frozen=True)
class Question:
    """A message in a chat that waits for its reply."""

    chat: Chat
    id: int
    topic: Topic | None = None

    @property
    def key(self) -> str:
        return f"telegram:{self.chat.id}:{self.id}"

    @property
    def conversation(self) -> Conversation:
        thread = str(self.topic.id) if self.topic else ""
        return Conversation("telegram", str(self.chat.id), "direct" if self.chat.id > 0 else "group", thread)

    def frame(self, text: str) -> Reply:
        """The answer as far as it has grown."""
        return Reply(self.conversation, text, in_reply_to=self.key)

    def answer(self, text: str, buttons: Sequence[Button] = ()) -> Reply:
        """The answer."""
        return Reply(self.conversation, text, buttons=tuple(buttons), in_reply_to=self.key, final=True)


async def stream(server: TelegramServer, *steps: Reply | Seen) -> AsyncGenerator[Reply, None]:
    """Replies, each as soon as what stands before it is seen; until then the one before comes again."""
    for step in steps:
        if isinstance(step, Reply):
            latest = step
            yield latest
            continue
        while not await _seen(server, step):
            yield latest


async def _seen(server: TelegramServer, condition: Seen) -> bool:
    try:
        await server.until(condition, seconds=0.02)
    except TimeoutError:
        return False
    return True
