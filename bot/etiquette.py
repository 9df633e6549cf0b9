"""Whether a message is the bot's to answer, at once or when no person did: what its group's rules say."""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters.base import Conversation, Message
from bot.conversations import chat_key, group_settings
from bot.course import Course, Group
from bot.roles import Roles
from memory.journal import Journal, Remark, Remarks
from memory.staff import RuleBook, Rules
from rag.overheard import seeks

MOST_HELD = 10
"""Remarks of one person within the hold time, above which their questions are not held."""

# What is held of them is theirs to see and to have erased, whoever is heard.
_OWN_DATA = re.compile(r"\s*[/／](?:mydata|forget|我的数据|忘记我)(?!\w)", re.IGNORECASE)
_LONGEST = 4000  # characters of a remark


class Etiquette:
    """Sorts messages.

    In a direct chat all is the bot's; in a group what is addressed to it, in quiet and muted ones only the
    staff's commands. In helpful mode a question put to nobody is held, so that a person may answer it first,
    and what people write is kept for an hour to see whether one did. Who is banned is not heard, but may have
    what is held of them shown and erased. At the desk (`at_desk`) the staff need not address anybody.
    """

    def __init__(
        self,
        course: Course,
        book: RuleBook,
        roles: Roles,
        remarks: Remarks,
        is_command: Callable[[str], bool],
        at_desk: Callable[[Message], Awaitable[bool]],
        journal: Journal,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._course = course
        self._book = book
        self._roles = roles
        self._remarks = remarks
        self._is_command = is_command
        self._at_desk = at_desk
        self._journal = journal
        self._now = now

    async def sort(self, message: Message) -> Literal["ours", "hold", "none"]:
        """What becomes of it. May raise MemoryUnavailable."""
        if message.withdrawn:
            await self._remarks.drop(chat_key(message.conversation), message.id)
            return "ours"  # it may be waiting
        rules, role = await self._book.rules(), await self._roles.of(message.sender)
        direct = message.conversation.kind == "direct"
        if role != "admin" and rules.banned.get(message.sender.id, 0.0) > self._now():
            return "ours" if direct and _OWN_DATA.match(message.text) else "none"
        if direct:
            return "ours"
        if await self._at_desk(message):
            return "ours"
        group = ruled(self._course, rules, message.conversation, self._now())
        if group.mode == "quiet":
            return "ours" if role != "student" and self._is_command(message.text) else "none"
        if message.addressed:
            return "ours"
        return await self._overheard(message, group) if group.mode == "helpful" else "none"

    async def _overheard(self, message: Message, group: Group) -> Literal["ours", "hold", "none"]:
        """What was said to nobody. What costs little is asked here; if it is the course's, after the hold."""
        for place, remark in remarks_of(message):
            await self._remarks.put(place, remark)
        if message.edited and await self._journal.get(message.id):
            return "ours"  # the answer follows the question
        if self._may_ask(message, group) and not await self._floods(message, group):
            return "hold"
        await self._journal.silent(message.id, chat_key(message.conversation), self._now())
        return "none"

    def _may_ask(self, message: Message, group: Group) -> bool:
        too_old = self._now() - message.sent_at.timestamp() > 60 * self._course.limits.late_minutes
        if too_old or self._is_command(message.text) or is_quiet(self._course, group, self._now()):
            return False
        return seeks(message.text)

    async def _floods(self, message: Message, group: Group) -> bool:
        since = self._now() - group.hold_seconds
        written = await self._remarks.since(chat_key(message.conversation), since)
        return sum(one.person == message.sender.id for one in written) > MOST_HELD


def ruled(course: Course, rules: Rules, conversation: Conversation, now: float) -> Group:
    """The group's settings in course.toml with what the staff has set since; a muted group is a quiet one."""
    group, rule = group_settings(course, conversation), rules.groups.get(chat_key(conversation))
    if rule is None:
        return group
    mode = "quiet" if rule.muted_until > now else rule.mode or group.mode
    threshold = group.threshold if rule.threshold is None else rule.threshold
    return group.model_copy(update={"mode": mode, "threshold": threshold})


def is_quiet(course: Course, group: Group, now: float) -> bool:
    """Whether these Unix seconds lie in the group's quiet hours, which may go over midnight."""
    begins, _, ends = group.quiet_hours.partition("-")
    clock = datetime.fromtimestamp(now, ZoneInfo(course.schedule.timezone)).strftime("%H:%M")
    return begins <= clock < ends if begins <= ends else not ends <= clock < begins


def thread_of(conversation: Conversation) -> str:
    """The key of the chat, or of the thread in it."""
    thread = conversation.thread_id
    return f"{chat_key(conversation)}:{quote(thread, safe='')}" if thread else chat_key(conversation)


def remarks_of(message: Message) -> list[tuple[str, Remark]]:
    """What is kept of a message, and where: its words in the chat, and in its thread that somebody wrote.

    Answers are looked for in all of the chat, since a thread may begin with a question that stands outside.
    """
    place, at = message.conversation, message.sent_at.timestamp()
    said = Remark(message.id, message.sender.id, words_of(message), at, message.reply_to)
    sign = Remark(f"{message.id}:sign", message.sender.id, "", at)
    return [(chat_key(place), said), *([(thread_of(place), sign)] if place.thread_id else [])]


def words_of(message: Message) -> str:
    """What a message says, as far as it is kept; of one spoken or filmed only that it is something."""
    return message.shown[:_LONGEST] or ("📎" if message.unreadable in ("voice", "video", "file") else "")
