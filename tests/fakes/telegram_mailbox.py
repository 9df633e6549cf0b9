"""The updates that wait for the bot on the fake Telegram server: kept until confirmed, polled or pushed."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import aiohttp

from tests.fakes.telegram_pieces import Piece
from tests.fakes.telegram_wire import Refused

KINDS = {
    *("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "inline_query"),
    *("my_chat_member", "chat_member", "message_reaction", "message_reaction_count", "guest_message"),
}
ONLY_WHEN_ASKED_FOR = {"chat_member", "message_reaction", "message_reaction_count"}
TERMINATED = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
PUSHED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
LONGEST_POLL = 50
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that nobody has confirmed."""

    id: int
    chat_id: int
    update: Piece


@dataclass(slots=True)
class Webhook:
    """Where updates are pushed to; `failures` counts the posts that were not answered with 2xx."""

    url: str = ""
    secret: str = ""
    failures: int = 0
    last_error: str = ""


@dataclass(slots=True)
class Mailbox:
    """`put` is for any thread, the rest for the server's loop."""

    lock: threading.RLock
    wake: Callable[[Callable[[], None]], None]
    pending: list[Waiting] = field(default_factory=list)
    webhook: Webhook = field(default_factory=Webhook)
    allowed: set[str] = field(default_factory=lambda: KINDS - ONLY_WHEN_ASKED_FOR)
    _last_id: int = 731_000_000
    _waiters: set[asyncio.Event] = field(default_factory=set)
    _poller: object = None

    def put(self, kind: str, chat_id: int, content: Piece) -> None:
        if kind not in self.allowed:
            return
        with self.lock:
            self._last_id += 1
            update = {"update_id": self._last_id, kind: content}
            self.pending.append(Waiting(self._last_id, chat_id, update))
        self.wake(self.news)

    def news(self) -> None:
        """Let all who wait look again."""
        for waiter in self._waiters:
            waiter.set()

    def allow(self, kinds: Iterable[str] | None) -> None:
        """What is asked for stays asked for; an empty list stands for what comes by default."""
        if kinds is not None:
            self.allowed = set(kinds) & KINDS or KINDS - ONLY_WHEN_ASKED_FOR

    def drop(self) -> None:
        with self.lock:
            self.pending.clear()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Piece]:
        """Confirm what is below the offset and return what is not, waiting for it. Raises Refused (409)."""
        self._check_not_pushed()
        self._confirm(offset)
        me = self._poller = object()
        # Who polls already notices that it is no longer the one.
        self.news()
        with suppress(TimeoutError), self._watching() as news:
            async with asyncio.timeout(min(seconds, LONGEST_POLL)):
                while not self.pending:
                    await news.wait()
                    news.clear()
                    self._check_not_pushed()
                    if self._poller is not me:
                        raise Refused(409, TERMINATED)
        return [one.update for one in self.pending[: limit if 0 < limit <= 100 else 100]]

    async def push(self) -> None:
        """Post to the webhook while there is one, each chat in order and all at a time; until cancelled."""
        at_it: dict[int, asyncio.Task[None]] = {}
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as posts:
            with self._watching() as news:
                while True:
                    for one in self._heads() if self.webhook.url else ():
                        if one.chat_id not in at_it or at_it[one.chat_id].done():
                            at_it[one.chat_id] = posts.create_task(self._deliver(session, one))
                    await news.wait()
                    news.clear()

    def _heads(self) -> list[Waiting]:
        """The oldest update of each chat."""
        return list({one.chat_id: one for one in reversed(self.pending)}.values())[::-1]

    async def _deliver(self, session: aiohttp.ClientSession, one: Waiting) -> None:
        """Post it until it is taken or the webhook is another."""
        hook, pause = self.webhook, FIRST_PAUSE
        while self.webhook is hook:
            if not (wrong := await _post(session, hook, one.update)):
                with self.lock:
                    self.pending = [other for other in self.pending if other is not one]
                break
            hook.failures += 1
            hook.last_error = wrong
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self.news()

    def _check_not_pushed(self) -> None:
        if self.webhook.url:
            raise Refused(409, PUSHED)

    def _confirm(self, offset: int) -> None:
        with self.lock:
            if offset < 0:
                self.pending = self.pending[offset:]
            elif offset:
                self.pending = [one for one in self.pending if one.id >= offset]

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._waiters.add(news)
        try:
            yield news
        finally:
            self._waiters.remove(news)


async def _post(session: aiohttp.ClientSession, hook: Webhook, update: Piece) -> str:
    """What went wrong."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
    limit = aiohttp.ClientTimeout(total=10)
    try:
        async with session.post(hook.url, json=update, headers=headers, timeout=limit) as answer:
            return "" if answer.ok else f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"Connection failed: {type(error).__name__}"
