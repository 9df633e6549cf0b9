"""What happens in one conversation of the web page, for the pages that show it to follow."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.base import Exchange, Reply

PRESS = "web:press."
"""What the id of a message begins with that a vote button sends: the page shows no question for it."""

_Entry = TypeVar("_Entry")

_KEPT_REPLIES = 30
_KEPT_QUESTIONS = 200
_KEPT_TALKS = 2000
_KEPT_CHARACTERS = 5000
_LOOK_SECONDS = 1.0


def answered(reply: Reply) -> frozenset[str]:
    """The ids of the messages that a reply answers."""
    return frozenset((reply.in_reply_to, *reply.merged)) - {""}


@dataclass(slots=True)
class Talk:
    """Questions and replies of late; what came before is the bot's to recall.

    `asked` maps a message's id to its text, empty where that is not known. `shown` maps a reply's id to
    the reply and the version of the talk in which it last changed. Versions follow the clock, so that
    they grow over a restart and are much the same in all replicas. `growing` maps the id of a reply that
    is written in this process to it and to what ends it. `missing` are questions that the bot knew
    nothing of when it was last asked.
    """

    version: int = 0
    acknowledged: int = 0
    asked: OrderedDict[str, str] = field(default_factory=OrderedDict)
    shown: OrderedDict[str, tuple[int, Reply]] = field(default_factory=OrderedDict)
    growing: dict[str, tuple[Reply, asyncio.Timeout]] = field(default_factory=dict)
    stopped: OrderedDict[str, None] = field(default_factory=OrderedDict)
    missing: frozenset[str] = frozenset()
    _looked: float = float("-inf")
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, message_id: str, text: str) -> None:
        """Take note of a question."""
        if not message_id.startswith(PRESS) and not self.asked.get(message_id):
            self.asked[message_id] = text[:_KEPT_CHARACTERS]
            _trim(self.asked, _KEPT_QUESTIONS)

    def learn(self, exchanges: Iterable[Exchange]) -> None:
        """Take note of the questions that the bot recalls."""
        for exchange in exchanges:
            if exchange.question:  # else it was posted
                self.ask(exchange.message_id, exchange.question)

    def stop(self, message_ids: Sequence[str]) -> None:
        """Let questions go: replies to nothing else are no longer wanted, and end."""
        self.stopped.update(dict.fromkeys(message_ids))
        _trim(self.stopped, _KEPT_QUESTIONS)
        for sent_id, (reply, end) in list(self.growing.items()):
            if not self.wants(reply):
                del self.growing[sent_id]
                end.reschedule(0)

    def wants(self, reply: Reply) -> bool:
        """Whether not everything that it answers was let go."""
        return not reply.in_reply_to or not answered(reply) <= self.stopped.keys()

    def show(self, sent_id: str, reply: Reply, at: int = 0) -> None:
        """Show a reply, or what it has grown to, `at` a version if it came from another replica.

        What was begun elsewhere for a part of the same burst will not be completed there.
        """
        self.version = max(self.version + 1, at or time.time_ns() // 1000)
        for other_id, (_, other) in list(self.shown.items()):
            if not other.final and answered(other) & answered(reply):
                del self.shown[other_id]
        self.shown[sent_id] = (self.version, reply)
        _trim(self.shown, _KEPT_REPLIES)
        self.wake()

    def acknowledge(self, version: int) -> bool:
        """A page has what there was at this version; whether no page had one of the final replies before."""
        before, self.acknowledged = self.acknowledged, max(self.acknowledged, version)
        return any(reply.final and before < at <= version for at, reply in self.shown.values())

    def since(self, version: int, waiting: Sequence[str] = ()) -> list[tuple[str, Reply]]:
        """The replies by id that changed after a version, or that answer what a page still waits for."""
        return [
            (sent_id, reply)
            for sent_id, (at, reply) in self.shown.items()
            if at > version or (reply.final and answered(reply).intersection(waiting))
        ]

    def news(self) -> Iterator[tuple[str, Reply]]:
        """What a page that opens needs beside the history: replies still growing, or that no page has."""
        for sent_id, (at, reply) in self.shown.items():
            if (at > self.acknowledged or not reply.final) and not reply.in_reply_to.startswith(PRESS):
                yield sent_id, reply

    def answered(self, message_id: str) -> bool:
        """Whether a final reply to a message has been shown."""
        return any(reply.final and message_id in answered(reply) for _, reply in self.shown.values())

    def unsure(self, message_id: str) -> bool:
        """Whether a message has not been answered, nor is being answered in this process."""
        here = any(message_id in answered(reply) for reply, _ in self.growing.values())
        return not here and not self.answered(message_id)

    def may_look(self) -> bool:
        """Whether it is time to ask the bot again; then the next time is a second away."""
        if due := time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
        return due

    async def wait(self, version: int, waiting: Sequence[str], seconds: float) -> None:
        """Return when there is something since this version, or when the time is over."""
        if not self.since(version, waiting):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)

    def wake(self) -> None:
        """Let everyone who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()


class Talks:
    """The talks by chat id; the longest untouched ones are let go."""

    def __init__(self) -> None:
        self._talks: OrderedDict[str, Talk] = OrderedDict()

    def of(self, chat_id: str) -> Talk:
        """This conversation's talk."""
        talk = self._talks.setdefault(chat_id, Talk())
        self._talks.move_to_end(chat_id)
        _trim(self._talks, _KEPT_TALKS)
        return talk

    def drop(self, sent_id: str) -> None:
        """Forget a reply."""
        for talk in self._talks.values():
            talk.shown.pop(sent_id, None)

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for talk in self._talks.values():
            talk.wake()


def _trim(entries: OrderedDict[str, _Entry], size: int) -> None:
    while len(entries) > size:
        entries.popitem(last=False)
