"""What is new since somebody asked: when what an answer stood on has changed, its asker learns of it once."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Protocol

from adapters.base import Conversation, Reply, place_of
from bot.conversations import chat_key
from bot.course import APPROVED, Course
from bot.errands import Doer, Errand, Queue, Underway
from bot.etiquette import is_quiet, ruled
from bot.news_words import words
from bot.posting import Posting, place_on
from memory.base import Lease, MemoryUnavailable, Source
from memory.journal import Asked, Journal, Standing
from memory.staff import RuleBook
from rag.citations import digest, same_text, to_source
from rag.quotes import trimmed
from rag.text import readable
from rag.types import Passage

KIND = "news"

_LOOK = 1.0  # seconds between two looks at which version is served
_LATE = 120.0  # seconds after which those are told that were still being answered from the version before
_LEASE = 60.0
_QUIET = 300.0  # seconds between two looks whether a group may be spoken in
_DAY = 24 * 3600.0
_SHOWN, _QUESTION, _LISTED = 500, 60, 5  # characters of a passage, of a question; sources

Change = tuple[str, Passage]
"""A passage as it is now, and what tells that from all else."""

_Document = Callable[[str], Sequence[Change]]

log = logging.getLogger(__name__)


class Served(Protocol):
    """The index as it is served now."""

    @property
    def stamp(self) -> str:
        """What tells its version from all others."""

    @property
    def whole(self) -> str:
        """The same of the version in which all sources were looked at."""

    def document(self, id: str) -> Sequence[Passage]:
        """A document's passages; empty where it is not in it."""


class News:
    """Looks through the answers of the last days whenever another version is served.

    Each person is told of each change once, where they asked last, and of what changed together in one note.
    """

    def __init__(
        self,
        course: Course,
        journal: Journal,
        book: RuleBook,
        served: Served,
        queue: Queue,
        posting: Posting,
        lease: Lease,
        pause: float = _LOOK,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._course = course
        self._journal = journal
        self._book = book
        self._served = served
        self._queue = queue
        self._posting = posting
        self._lease = lease
        self._pause = pause
        self._now = now
        self._window = course.news.days * _DAY
        self._whole, self._whole_since = "", 0.0

    def doers(self) -> Mapping[str, Doer]:
        """What does the errands of this part, by kind."""
        return {KIND: self._tell}

    async def run(self) -> None:
        """Tell of what changes, until cancelled."""
        if not self._window:
            await asyncio.Event().wait()
        seen, again = "", 0.0
        while True:
            stamp = self._served.stamp
            if (stamp != seen or 0 < again < self._now()) and await self._looked():
                again = self._now() + _LATE if stamp != seen else 0.0
                seen = stamp
            await asyncio.sleep(self._pause)

    async def _looked(self) -> bool:
        """Whether that could be done; one process does it at a time, so that none tells what another does."""
        if not await self._lease.hold(KIND, _LEASE):
            return False
        try:
            await self.look()
        except MemoryUnavailable as error:
            log.debug("nobody is told of what changed yet: %s", error)
            return False
        finally:
            await self._lease.release(KIND)
        return True

    async def look(self) -> None:
        """Queue a note for everybody to whom the version that is served is news. Raises MemoryUnavailable."""
        if self._whole != self._served.whole:
            # A later question was answered by a process that may have read the documents later than this one.
            self._whole, self._whole_since = self._served.whole, self._now()
        entries = [one for one in await self._journal.since(self._now() - self._window) if one.standing]
        by_person: dict[str, list[Asked]] = {}
        for entry in reversed(entries):
            by_person.setdefault(entry.person, []).append(entry)
        document = cache(self._document)
        for own in by_person.values():
            for latest, changes in await asyncio.to_thread(self._news, own, document):
                await self._announce(latest, changes)

    def _document(self, id: str) -> Sequence[Change]:
        return [(digest(passage), passage) for passage in self._served.document(id)]

    def _news(self, own: Sequence[Asked], document: _Document) -> list[tuple[Asked, list[Change]]]:
        """What a person is to be told, and below which of their questions: the latest in its place."""
        told = {token for entry in own for token in entry.told}
        found: dict[str, tuple[Asked, list[Change]]] = {}
        for entry in own:  # the latest first
            for token, passage in self._changes(entry, document, told):
                found.setdefault(entry.place, (entry, []))[1].append((token, passage))
                told.add(token)
        return list(found.values())

    def _changes(self, entry: Asked, document: _Document, told: Collection[str]) -> Iterator[Change]:
        for one in entry.standing:
            if entry.at > self._whole_since and not one.document.startswith(f"{APPROVED}/"):
                continue
            digest, passage = _now(one, document(one.document)) or (one.digest, None)
            token = f"{one.passage}:{digest}"
            came_back = any(other.startswith(f"{one.passage}:") for other in told)
            if passage and token not in told and (digest != one.digest or came_back):
                yield token, passage

    async def _announce(self, latest: Asked, changes: Sequence[Change]) -> None:
        """Queue the note; what is kept of it until it is told is the course's own."""
        tokens = sorted(token for token, _ in changes)
        passages = [passage for _, passage in changes]
        listed = [(one.title, one.heading, one.url, one.revision) for one in map(to_source, passages)]
        body = json.dumps([latest.message_id, _quote(passages[0]), listed], ensure_ascii=False)
        named = sha256("\n".join([latest.person, latest.place, *tokens]).encode(errors="replace"))
        lane = f"{KIND}:{chat_key(place_on(latest.place))}"
        await self._queue(Errand(f"{KIND}:{named.hexdigest()[:24]}", lane, KIND, body, latest.person))
        entry: Asked | None = latest
        while entry and not set(tokens) <= set(entry.told):
            if await self._journal.renew(entry, replace(entry, told=(*entry.told, *tokens))):
                break
            entry = await self._journal.get(entry.message_id)

    async def _tell(self, underway: Underway) -> float | None:
        message_id, quote, listed = json.loads(underway.errand.body)
        entry = await self._journal.get(message_id)
        if entry is None or self._now() - underway.at > self._window:
            return None  # who asked wants to be forgotten, or does not care any more
        place = place_on(entry.place)
        if place.kind == "group" and await self._is_quiet(place):
            return _QUIET
        sources = [Source(*one) for one in listed]
        await self._posting.show(self._note(entry, quote, sources), underway)
        return None

    async def _is_quiet(self, place: Conversation) -> bool:
        group = ruled(self._course, await self._book.rules(), place, self._now())
        return group.mode == "quiet" or is_quiet(self._course, group, self._now())

    def _note(self, entry: Asked, quote: str, sources: Sequence[Source]) -> Reply:
        said = words(entry.language or self._course.course.languages[0])
        question = " ".join(readable(entry.question).split())
        if len(question) > _QUESTION:
            question = f"{question[:_QUESTION]}…"
        parts = [said.lead.format(question=question, place=place_of(sources[0])), quote]
        if len(sources) > 1:
            parts.append(said.others.format(count=len(sources) - 1))
        return Reply(
            place_on(entry.place),
            "\n\n".join(parts),
            sources[:_LISTED],
            in_reply_to=entry.message_id,
            final=True,
        )


def _now(standing: Standing, document: Sequence[Change]) -> Change | None:
    """The passage as its document has it now, with its digest; None where it is gone.

    It is the one that is unchanged, else the one in its place, else, under a new heading, that with its text.
    """
    ways: Sequence[Callable[[str, Passage], bool]] = (
        lambda digest, _: digest == standing.digest,
        lambda _, passage: passage.id == standing.passage,
        lambda digest, _: same_text(digest, standing.digest),
    )
    return next((one for way in ways for one in document if way(*one)), None)


def _quote(passage: Passage) -> str:
    lines = trimmed(readable(passage.text), _SHOWN).splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)
