"""The door to the model: so many answers at once, and chat by chat in turn for those who wait."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress


class Gate:
    """At most `size` are inside. Of those who wait the chats take turns, so that a flooding one starves none.

    Who waits looks again every `look` seconds how many are before it.
    """

    def __init__(self, size: int, look: float = 1.0) -> None:
        self._free = size
        self._look = look
        # The chat whose turn is next stands first; within a chat, who came first. A place is known by the
        # event that is set when it is inside. Nobody waits while there is room.
        self._waiting: OrderedDict[str, deque[asyncio.Event]] = OrderedDict()

    @contextmanager
    def place(self, chat: str) -> Iterator[AsyncIterator[int]]:
        """A place at the gate, which is given up when the block ends, however it ends.

        The block gets how many will be served before it, again when that has changed; when this
        iterator ends, the place is inside.
        """
        inside = self._enter(chat)
        try:
            yield self._ahead(chat, inside)
        finally:
            self._leave(chat, inside)

    def _enter(self, chat: str) -> asyncio.Event:
        inside = asyncio.Event()
        if self._free:
            self._free -= 1
            inside.set()
        else:
            self._waiting.setdefault(chat, deque()).append(inside)
        return inside

    def _leave(self, chat: str, inside: asyncio.Event) -> None:
        if not inside.is_set():
            self._waiting[chat].remove(inside)
            if not self._waiting[chat]:
                del self._waiting[chat]
        elif self._waiting:
            self._let_in()
        else:
            self._free += 1

    def _let_in(self) -> None:
        """Hand a place over to the next; its event is set at once, so that nobody can come between."""
        chat, queue = self._waiting.popitem(last=False)
        queue.popleft().set()
        if queue:
            self._waiting[chat] = queue

    async def _ahead(self, chat: str, inside: asyncio.Event) -> AsyncIterator[int]:
        told = -1
        while not inside.is_set():
            if (now := self._before(chat, inside)) != told:
                yield (told := now)
            # Each change concerns all who wait; were they woken by it, a long queue would cost its square.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await inside.wait()

    def _before(self, chat: str, inside: asyncio.Event) -> int:
        """How many will be served before this one, which waits, if nobody else comes or goes."""
        rounds = self._waiting[chat].index(inside)
        before, earlier = rounds, 1
        for other, queue in self._waiting.items():
            if other == chat:
                earlier = 0
            else:
                before += min(len(queue), rounds + earlier)
        return before
