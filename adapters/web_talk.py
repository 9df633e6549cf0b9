"""What happens in one conversation of the web page, for the pages that show it to follow."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.base import Reply

_Entry = TypeVar("_Entry")

_KEPT_REPLIES = 30
_KEPT_TALKS = 2000
_KEPT_CHARACTERS = 5000


def _now() -> int:
    return time.time_ns() // 1_000


@dataclass(slots=True)
class Talk:
    """Questions and replies since the process began; what came before is the bot's to recall.

    `asked` maps a message's id to its text, empty for a press of a button. `shown` maps a reply's id
    to the reply and the version of the talk in which it last changed. Versions begin at the clock, so
    that they also grow over a restart. `growing` maps a message's id to what ends its reply.
    """

    version: int = field(default_factory=_now)
    acknowledged: int = 0
    asked: OrderedDict[str, str] = field(default_factory=OrderedDict)
    shown: OrderedDict[str, tuple[int, Reply]] = field(default_factory=OrderedDict)
    growing: dict[str, asyncio.Timeout] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, message_id: str, text: str) -> None:
        """Take note of a question, or with an empty text of a press."""
        self.asked[message_id] = text[:_KEPT_CHARACTERS]
        _trim(self.asked, _KEPT_REPLIES)

    def stop(self, message_id: str) -> None:
        """Let a question go: its reply is no longer wanted."""
        if self.asked.pop(message_id, None):
            self.stopped.add(message_id)
            if message_id in self.growing:
                self.growing[message_id].reschedule(0)

    def ended(self, message_id: str) -> None:
        """The reply to a message will not grow any more."""
        self.growing.pop(message_id, None)
        self.stopped.discard(message_id)

    def show(self, sent_id: str, reply: Reply) -> None:
        """Show a reply, or what it has grown to."""
        self.version += 1
        self.shown[sent_id] = (self.version, reply)
        _trim(self.shown, _KEPT_REPLIES)
        self.wake()

    def acknowledge(self, version: int) -> None:
        """A page has what there was at this version."""
        self.acknowledged = max(self.acknowledged, version)

    def since(self, version: int) -> Iterator[tuple[str, Reply]]:
        """The replies that changed after a version, by id."""
        return ((sent_id, reply) for sent_id, (at, reply) in self.shown.items() if at > version)

    def news(self) -> Iterator[tuple[str, Reply]]:
        """What a page that opens needs beside the history: replies still growing, or that no page has."""
        for sent_id, (at, reply) in self.shown.items():
            if (at > self.acknowledged or not reply.final) and self.asked.get(reply.in_reply_to) != "":
                yield sent_id, reply

    def unanswered(self) -> Iterator[tuple[str, str]]:
        """The ids and texts of questions that have no final reply yet."""
        done = {reply.in_reply_to for _, reply in self.shown.values() if reply.final}
        return ((key, text) for key, text in self.asked.items() if text and key not in done)

    async def wait(self, version: int, seconds: float) -> None:
        """Return when there is something after this version, or when the time is over."""
        if self.version <= version:
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
