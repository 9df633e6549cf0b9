"""Who asks at Feishu and sees the reply, by an adapter at a quick pace; replies wait for what is seen."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from adapters.base import Accept, Button, Conversation, Delivery, Message, Reply, Source
from adapters.feishu import FeishuAdapter, Intake
from adapters.feishu_client import FeishuClient, Me
from adapters.feishu_growth import Timing
from adapters.feishu_inlet import Desk
from adapters.feishu_pace import Pace
from adapters.feishu_shown import Recent
from adapters.feishu_toasts import Toasts
from tests.fakes.feishu_server import Chat, FeishuServer

HURRY = 1000
"""How many times faster than Feishu wants it the bot goes."""

AT_ONCE = Timing(pause=0, longest=0, pending=0, patience=5, aftermath=5)
"""Every frame that comes is shown, also those that only say that the bot works."""

WITHHELD = "这个回答不能在这里显示。"
WEB = "https://course.example"

Seen = Callable[[], object]
"""What a reply waits for."""


def withheld(_reply: Reply) -> str:
    """What is said where Feishu does not let an answer be said."""
    return WITHHELD


class Deaf:
    """An intake through which nothing comes."""

    connected = True

    async def run(self, me: Me, accept: Accept) -> None:
        await asyncio.Event().wait()


async def soon(seconds: float) -> None:
    """Wait, in a hurry."""
    await asyncio.sleep(seconds / HURRY)


def client_of(server: FeishuServer) -> FeishuClient:
    pace = Pace(lambda: time.monotonic() * HURRY, soon)
    return FeishuClient(server.app_id, server.app_secret, server.url, pace, wait=soon)


def desk_of(server: FeishuServer) -> Desk:
    return Desk(client_of(server), Recent(), Toasts())


def adapter_of(
    server: FeishuServer, timing: Timing = AT_ONCE, desk: Desk | None = None, intake: Intake | None = None
) -> FeishuAdapter:
    """A bot at this server, with the server's clock."""
    desk, intake, clock = desk or desk_of(server), intake or Deaf(), lambda: server.clock()
    return FeishuAdapter(desk, intake, withheld, WEB, timing=timing, clock=clock)


async def nobody(message: Message) -> None:
    """Nothing is answered but by the test."""


@asynccontextmanager
async def running(adapter: FeishuAdapter, accept: Accept = nobody) -> AsyncIterator[FeishuAdapter]:
    """The adapter while it is let in."""
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
    id: str
    thread: str = ""

    @property
    def key(self) -> str:
        return f"feishu:{self.id}"

    @property
    def conversation(self) -> Conversation:
        return Conversation(
            "feishu", self.chat.id, "direct" if self.chat.kind == "p2p" else "group", self.thread
        )

    def working(self, text: str) -> Reply:
        """Only that the answer is being worked on."""
        return Reply(self.conversation, text, in_reply_to=self.key, pending=True)

    def frame(self, text: str) -> Reply:
        """The answer as far as it has grown."""
        return Reply(self.conversation, text, in_reply_to=self.key)

    def answer(self, text: str, buttons: Sequence[Button] = (), sources: Sequence[Source] = ()) -> Reply:
        """The answer."""
        return Reply(self.conversation, text, sources, tuple(buttons), self.key, final=True)


async def stream(server: FeishuServer, *steps: Reply | Seen) -> AsyncGenerator[Reply, None]:
    """Replies, each as soon as what stands before it is seen."""
    for step in steps:
        if isinstance(step, Reply):
            yield step
        else:
            await server.until(step)
