"""One message, one growing reply: the only path through the house."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from adapters.base import Message, Reaction, Reply
from bot.attachments import Attachments, CannotRead, Fetch, Pictures, as_it_is, quote
from bot.command_call import Said
from bot.commands import Commands
from bot.conversations import chat_key, conversation_key, group_settings
from bot.course import Course
from bot.errands import Errand
from bot.gate import Gate
from bot.handover import Handover, is_staff_chat
from bot.keeping import Kept, Timing, kept
from bot.phrases import Phrases, phrases
from bot.remembering import Remembering
from bot.replies import (
    answer_buttons,
    answer_text,
    duration,
    is_prose,
    language_of,
    refused_text,
    spoken,
    unread_lead,
    unreadable_text,
)
from bot.reply_to import final, growing, spoken_reply
from bot.spending import Spending
from memory.base import History, Remembered
from rag.types import NO_PAST, Answer, IndexUnavailable, Past

QUESTION_LIMIT = 4000
"""Characters of one question; more is answered with a sentence."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff\x00-\x08\x0b-\x1f\x7f]")

log = logging.getLogger(__name__)


class Answers(Protocol):
    """The door to rag: a question becomes a growing answer."""

    def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """What to show next; the final one of an answer comes with what is to be kept of it.

    With an `error`, its class and text, the reply only says that answering failed: it may be tried
    again before that is shown. `retract` is the id of a message whose answer is to be taken back. The
    `errands` are done when it was shown.
    """

    reply: Reply
    kept: Kept | None = None
    error: str = ""
    retract: str = ""
    errands: tuple[Errand, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, with the text in what came with it, and what is remembered of that."""

    text: str
    kept: str
    language: str


def clean(text: str) -> str:
    """The text without what nobody sees: zero-width and control characters, halves of surrogate pairs."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n")).strip()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Assistant:
    """Answers messages. It knows the doors of memory and rag, and no platform."""

    def __init__(
        self,
        answers: Answers,
        history: History,
        commands: Commands,
        course: Course,
        gate: Gate,
        spending: Spending,
        pictures: Pictures,
        handover: Handover,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._answers = answers
        self.history = history
        self._remembering = Remembering(history, self.key)
        self._commands = commands
        self._course = course
        self._gate = gate
        self._spending = spending
        self._attachments = Attachments(pictures)
        self._handover = handover
        self._now = now

    def key(self, message: Message) -> str:
        """The conversation this message is remembered in."""
        scope = group_settings(self._course, message.conversation).memory
        return conversation_key(message.conversation, message.sender, scope)

    def is_command(self, text: str) -> bool:
        """Whether a message with this text uses one of the commands."""
        return self._commands.knows(clean(text))

    def is_timeless(self, message: Message) -> bool:
        """Whether it is a reply in the staff's chat, which somebody waits for however late it is."""
        return bool(message.reply_to) and is_staff_chat(self._course.staff, message)

    async def steps(self, message: Message, fetch: Fetch = as_it_is) -> AsyncGenerator[Step, None]:
        """The reply as it grows. It ends with a final one and never raises.

        What the platform keeps of the message is got by `fetch` when it is needed.

        There is none at all where a group was told just now that it asks too much, and to who did not
        address the bot only a whole answer that stands on something.
        """
        question = clean(message.text)
        try:
            async with aclosing(self._steps(message, question, fetch)) as steps:
                async for step in steps:
                    if message.addressed or step.reply.final:
                        yield step
        except IndexUnavailable as error:
            log.error("message %s: %s", message.id, error)
            if message.addressed:
                yield Step(final(message, self._said(message).index_unavailable))
        except Exception as error:  # The asker hears something, whatever breaks.
            log.exception("message %s could not be answered", message.id)
            if message.addressed:
                yield replace(self.apology(message), error=f"{type(error).__name__}: {error}")

    def late_step(self, message: Message) -> Step:
        """What a question gets that is too old to be answered out of the blue."""
        language = self._written(message)
        ago = duration(self._age(message), language)
        return Step(final(message, phrases(language).late.format(ago=ago)))

    def apology(self, message: Message) -> Step:
        """What a message gets that cannot be answered, however often it is tried."""
        return Step(final(message, self._said(message).failed))

    def busy(self, message: Message) -> Reply:
        """What a message gets that is not accepted, because too many of its conversation wait."""
        return final(message, self._said(message).busy)

    async def _steps(self, message: Message, text: str, fetch: Fetch) -> AsyncGenerator[Step, None]:
        language = await self._language(message, text)
        question = await self._asked(message, text, language)
        if question and question != text:
            language = await self._language(message, question)
        said = await self._said_at_once(message, text, question, language)
        if said is not None:
            yield Step(spoken_reply(message, said), retract=said.retract, errands=said.errands)
            return
        remembered, refused = await asyncio.gather(
            self._remembering.load(message), self._spending.spend(message, self._age(message))
        )
        if refused is None:
            async with aclosing(self._seen(message, question, language, remembered, fetch)) as steps:
                async for step in steps:
                    yield step
        elif message.addressed and not (refused.told and message.conversation.kind == "group"):
            yield Step(final(message, refused_text(refused, await self._spending.allowed(message), language)))

    async def _asked(self, message: Message, text: str, language: str) -> str:
        """The question in the text; a command may ask one, and so may who only points at a message."""
        if not text and message.addressed:
            return quote(message)
        if not text.startswith(("/", "／")):
            return text
        turns = (await self._remembering.load(message)).turns
        asked = self._commands.question(text, turns, quote(message), language, message.attached)
        return text if asked is None else asked

    async def _said_at_once(self, message: Message, text: str, question: str, language: str) -> Said | None:
        """What needs no search: the reply to a command, or to what is no question."""
        commanded = None
        # What a command asks is no command.
        if (question == text or not text) and (text or message.reply_to):
            commanded = await self._commands.run(message, text, self.key(message), language)
        if commanded is not None or not message.addressed:
            return commanded
        if message.unreadable and not text:
            return Said(unreadable_text(message.unreadable, language))
        if not question and message.conversation.kind == "group" and not message.attached:
            return Said(phrases(language).here)
        sentence = None if message.attached and not question else refusal(question, phrases(language))
        return Said(sentence) if sentence is not None else None

    async def _seen(
        self, message: Message, question: str, language: str, remembered: Remembered, fetch: Fetch
    ) -> AsyncGenerator[Step, None]:
        """The answer to the question and what came with it, or what is wrong with that."""
        text = ""
        if message.attached:
            yield Step(growing(message, phrases(language).working))
            try:
                text = await self._attachments.read(message, fetch, language)
            except CannotRead as reason:
                yield Step(final(message, str(reason)))
                return
        shown, quoted = replace(message, text=question).shown, quote(message, remembered.turns)
        asked = "\n".join(filter(None, (question, quoted if quoted != question else "", text)))
        kept_as = "\n".join(filter(None, (shown, text)))
        async with aclosing(self._answer(message, _Question(asked, kept_as, language), remembered)) as steps:
            async for step in steps:
                yield step

    async def _answer(
        self, message: Message, question: _Question, remembered: Remembered
    ) -> AsyncGenerator[Step, None]:
        language, begun, first = question.language, time.monotonic(), 0.0
        said, lead = phrases(language), unread_lead(message.unreadable, language)
        past, cohort = self._remembering.past(message, remembered), self._cohort(message)
        with self._gate.place(chat_key(message.conversation)) as places:
            async for count in places:
                yield Step(growing(message, said.ahead.format(count=count) if count else said.working))
            yield Step(growing(message, said.working))
            async with aclosing(self._answers.stream(question.text, past, cohort)) as answers:
                async for answer in answers:
                    text = answer_text(answer, language, self._handover.automatic)
                    first = first or (1000 * (time.monotonic() - begun) if answer.text else 0.0)
                    if not answer.final:
                        yield Step(growing(message, lead + text, answer))
        # The place is free for the next one while this is stored and shown.
        if message.addressed or answer.sources:
            total = 1000 * (time.monotonic() - begun)
            keeping = kept(
                message, question.kept, text, answer, remembered, Timing(first, total), cohort, language
            )
            yield self._whole(message, lead + text, answer, keeping, remembered)

    def _whole(
        self, message: Message, text: str, answer: Answer, keeping: Kept, remembered: Remembered
    ) -> Step:
        """The final step, with what is handed to the staff."""
        assert keeping.entry is not None
        errands = self._handover.unanswered(message, keeping, remembered)
        buttons = answer_buttons(message.id, answer, keeping.entry.language, self._handover.offered)
        reaction: Reaction = "thanks" if answer.notice == "thanks" else ""
        reply = replace(growing(message, text, answer), reaction=reaction, final=True, pending=False)
        # There is nothing to vote on, nor to hand over, in what only says that it was handed over.
        return Step(replace(reply, buttons=() if errands else buttons), keeping, errands=errands)

    def _cohort(self, message: Message) -> str:
        return group_settings(self._course, message.conversation).cohort or self._course.course.cohort

    async def _language(self, message: Message, text: str) -> str:
        """The asker's. Names, numbers and commands say little of it; the last question says more."""
        if text.isascii():
            text = self._commands.behind(text)
        if not is_prose(text):
            turns = (await self._remembering.load(message)).turns
            text = next((turn.question for turn in reversed(turns) if is_prose(turn.question)), "")
        languages = self._course.course.languages
        return language_of(text, languages) if text else spoken(message.sender.language, languages)

    def _written(self, message: Message) -> str:
        return language_of(clean(message.text), self._course.course.languages)

    def _said(self, message: Message) -> Phrases:
        return phrases(self._written(message))

    def _age(self, message: Message) -> float:
        return (self._now() - message.sent_at).total_seconds()


def refusal(question: str, said: Phrases) -> str | None:
    """Why this cannot be taken as a question, in a sentence for the asker; None where it can."""
    if not question:
        return said.empty
    if len(question) > QUESTION_LIMIT:
        return said.too_long.format(length=len(question), limit=QUESTION_LIMIT)
    return None
