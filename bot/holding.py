"""Questions that were put to nobody: held, so that a person may answer first, then answered or left alone."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote
from zlib import crc32

from adapters.base import Message
from bot.conversations import chat_key
from bot.course import Course, Group
from bot.errands import Doer, Errand, Underway
from bot.etiquette import is_quiet, ruled, thread_of, words_of
from bot.letters import from_body, to_body
from memory.journal import Journal, Remark, Remarks
from memory.staff import RuleBook
from rag.replied import Pointing, Wanted
from rag.text import readable
from rag.types import Hit, RagError, Searcher

KIND = "hold"

_IN_A_ROW = 3600.0
"""Seconds after which the bot may answer a person once more though nobody else has written."""

log = logging.getLogger(__name__)


class Holding:
    """Waits out a group's hold time and has `accept` take the message in, where nothing speaks against it.

    All is looked at in the end, in the order of what it costs: the rules of that moment, what people wrote
    meanwhile, and only then, once, the search. So it is made on the index that an answer would stand on, and
    never for a question that somebody replied to. The default threshold is that of `Found.ours`.
    """

    def __init__(
        self,
        course: Course,
        book: RuleBook,
        remarks: Remarks,
        searcher: Searcher,
        journal: Journal,
        accept: Callable[[Message], Awaitable[None]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._course = course
        self._book = book
        self._remarks = remarks
        self._searcher = searcher
        self._journal = journal
        self._accept = accept
        self._now = now

    @staticmethod
    def errand(message: Message) -> Errand:
        """What holds the message, and each new wording of it; a person's in one thread are done in order."""
        wording = f":{crc32(words_of(message).encode(errors='replace'))}" if message.edited else ""
        lane = f"{KIND}:{thread_of(message.conversation)}:{quote(message.sender.id, safe='')}"
        return Errand(f"{KIND}:{message.id}{wording}", lane, KIND, to_body(message), message.sender.id)

    def doers(self) -> Mapping[str, Doer]:
        """What does such errands."""
        return {KIND: self._do}

    async def _do(self, underway: Underway) -> float | None:
        message, rules, now = from_body(underway.errand.body), await self._book.rules(), self._now()
        group = ruled(self._course, rules, message.conversation, now)
        # Counted from when it was read: after a pause of the bot the answers to it come in behind it.
        if (left := underway.at + group.hold_seconds - now) > 0:
            return left
        heard = group.mode == "helpful" and rules.banned.get(message.sender.id, 0.0) <= now
        if heard and not is_quiet(self._course, group, now) and await self._stands(message, group):
            place, at = thread_of(message.conversation), message.sent_at.timestamp()
            await self._remarks.answered(place, message.sender.id, at)
            await self._accept(message)
        else:
            await self._journal.silent(message.id, chat_key(message.conversation), now)
        return None

    async def _stands(self, message: Message, group: Group) -> bool:
        """Whether the question is there still, is the course's, comes in turn, and nobody answered it."""
        written = await self._remarks.since(chat_key(message.conversation), 0.0)
        said = words_of(message)
        if not any(one.message_id == message.id and one.text == said for one in written):
            return False  # taken back, forgotten, or worded anew
        if message.edited and await self._journal.get(message.id):
            return True  # it was answered while this wording waited
        others = [one for one in written if one.person != message.sender.id]
        if await self._in_a_row(message) or _answered(message, others, ()):
            return False
        hits = await self._found(message, group)
        return bool(hits) and not _answered(message, others, hits)

    async def _found(self, message: Message, group: Group) -> Sequence[Hit]:
        """What there is for an answer; nothing where the question is not the course's."""
        cohort = group.cohort or self._course.course.cohort
        try:
            found = await asyncio.to_thread(self._searcher.search, readable(message.text), cohort=cohort)
        except RagError as error:
            log.warning("A question that was put to nobody is left alone: %s", error)
            return ()
        ours = found.ours if group.threshold is None else found.relevance >= group.threshold
        return found.hits if ours else ()

    async def _in_a_row(self, message: Message) -> bool:
        """Whether the last one answered here unasked was this person, and nobody else has written since."""
        place, asked_at = thread_of(message.conversation), message.sent_at.timestamp()
        # What was answered at this very moment is this message, before a crash.
        before = [(who, at) for who, at in await self._remarks.last_answered(place) if at < asked_at]
        if not before or before[0][0] != message.sender.id or asked_at - before[0][1] > _IN_A_ROW:
            return False
        since = await self._remarks.since(place, before[0][1])
        return all(one.person == message.sender.id for one in since)


def _answered(message: Message, others: Sequence[Remark], found: Sequence[Hit]) -> bool:
    """Whether one of the others has."""
    wanted, asked_at = Wanted(message.text, found), message.sent_at.timestamp()
    return any(
        wanted.given_by(one.text, pointing)
        for one in others
        if (pointing := _pointing(message, one)) == "here" or one.at >= asked_at
    )


def _pointing(message: Message, remark: Remark) -> Pointing:
    if message.id in remark.reply_to:
        return "here"
    # All that is said in a thread points at its beginning.
    apart = remark.reply_to and not set(remark.reply_to) & set(message.reply_to)
    return "elsewhere" if apart else "nowhere"
