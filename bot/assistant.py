"""One message, one growing reply: the only path through the house."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from adapters.base import Image, Message, Reply
from bot.commands import Commands, Said
from bot.conversations import chat_key, conversation_key, group_settings
from bot.course import Course
from bot.gate import Gate
from bot.keeping import Kept, kept
from bot.replies import (
    Phrases,
    answer_text,
    duration,
    is_prose,
    language_of,
    phrases,
    picture_text,
    refused_text,
    vote_buttons,
)
from memory.base import Allowance, History, MemoryUnavailable, Quota, Refused, Remembered, Turn
from rag.pictures import PictureUnreadable
from rag.types import NO_PAST, OTHERS, Answer, IndexUnavailable, Past

QUESTION_LIMIT = 4000
"""Characters of one question; more is answered with a sentence."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff\x00-\x08\x0b-\x1f\x7f]")

log = logging.getLogger(__name__)


class Answers(Protocol):
    """The door to rag: a question becomes a growing answer."""

    def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]: ...


class Pictures(Protocol):
    """Reads the text in pictures."""

    async def read(self, images: Sequence[Image]) -> str:
        """Empty where there is none. Raises PictureUnreadable."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to show next; the final one of an answer comes with what is to be kept of it.

    With an `error`, its class and text, the reply only says that answering failed: it may be tried
    again before that is shown.
    """

    reply: Reply
    kept: Kept | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, with the text in pictures that came with it, and what is remembered of that."""

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
        quota: Quota,
        pictures: Pictures,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        limits = course.limits
        self._answers = answers
        self._history = history
        self._commands = commands
        self._course = course
        self._gate = gate
        self._quota = quota
        self._pictures = pictures
        self._now = now
        self._allowance = Allowance(
            limits.questions_per_minute, limits.questions_per_day, limits.group_questions_per_minute
        )

    def key(self, message: Message) -> str:
        """The conversation this message is remembered in."""
        scope = group_settings(self._course, message.conversation).memory
        return conversation_key(message.conversation, message.sender, scope)

    def is_command(self, text: str) -> bool:
        """Whether a message with this text uses one of the commands."""
        return self._commands.knows(clean(text))

    async def steps(self, message: Message) -> AsyncGenerator[Step, None]:
        """The reply as it grows. It ends with a final one and never raises.

        There is none at all where a group was told just now that it asks too much.
        """
        question = clean(message.text)
        try:
            async with aclosing(self._steps(message, question)) as steps:
                async for step in steps:
                    yield step
        except IndexUnavailable as error:
            log.error("message %s: %s", message.id, error)
            yield Step(_final(message, self._said(message).index_unavailable))
        except Exception as error:  # The asker hears something, whatever breaks.
            log.exception("message %s could not be answered", message.id)
            yield replace(self.apology(message), error=f"{type(error).__name__}: {error}")

    def late_step(self, message: Message) -> Step:
        """What a question gets that is too old to be answered out of the blue."""
        language = self._written(message)
        ago = duration(self._age(message), language)
        return Step(_final(message, phrases(language).late.format(ago=ago)))

    def apology(self, message: Message) -> Step:
        """What a message gets that cannot be answered, however often it is tried."""
        return Step(_final(message, self._said(message).failed))

    def busy(self, message: Message) -> Reply:
        """What a message gets that is not accepted, because too many of its conversation wait."""
        return _final(message, self._said(message).busy)

    async def _steps(self, message: Message, question: str) -> AsyncGenerator[Step, None]:
        language = await self._language(message, question)
        sentence = None if message.images and not question else refusal(question, phrases(language))
        said = Said(sentence) if sentence else await self._commanded(message, question, language)
        if said is not None:
            yield Step(replace(_final(message, said.text), sources=said.sources, buttons=said.buttons))
            return
        remembered, refused = await asyncio.gather(self._remembered(message), self._spend(message))
        if refused is None:
            async with aclosing(self._seen(message, question, language, remembered)) as steps:
                async for step in steps:
                    yield step
        elif not (refused.told and message.conversation.kind == "group"):
            yield Step(_final(message, refused_text(refused, self._allowance, language)))

    async def _seen(
        self, message: Message, question: str, language: str, remembered: Remembered
    ) -> AsyncGenerator[Step, None]:
        """The answer to the question and the pictures with it, or what is wrong with these."""
        text = ""
        if message.images:
            yield Step(_growing(message, phrases(language).working))
            try:
                text = await self._pictures.read(message.images)
            except PictureUnreadable as error:
                yield Step(_final(message, picture_text(error.reason, language)))
                return
            if not (question or text):
                yield Step(_final(message, phrases(language).picture_without_text))
                return
        shown = replace(message, text=question).shown
        asked, kept_as = ("\n".join(filter(None, (one, text))) for one in (question, shown))
        async with aclosing(self._answer(message, _Question(asked, kept_as, language), remembered)) as steps:
            async for step in steps:
                yield step

    async def _answer(
        self, message: Message, question: _Question, remembered: Remembered
    ) -> AsyncGenerator[Step, None]:
        language, past = question.language, self._past(message, remembered)
        said = phrases(language)
        cohort = group_settings(self._course, message.conversation).cohort or self._course.course.cohort
        with self._gate.place(chat_key(message.conversation)) as places:
            async for count in places:
                yield Step(_growing(message, said.ahead.format(count=count) if count else said.working))
            yield Step(_growing(message, said.working))
            async with aclosing(self._answers.stream(question.text, past, cohort)) as answers:
                async for answer in answers:
                    text = answer_text(answer, language)
                    if not answer.final:
                        yield Step(_growing(message, text, answer))
        # The place is free for the next one while this is stored and shown.
        yield Step(
            replace(_growing(message, text, answer), buttons=vote_buttons(message.id), final=True),
            kept(message, question.kept, text, answer, remembered),
        )

    async def _commanded(self, message: Message, question: str, language: str) -> Said | None:
        return await self._commands.run(message, question, self.key(message), language)

    async def _language(self, message: Message, text: str) -> str:
        """The asker's. Names, numbers and commands say little of it; the last question says more."""
        if (text.isascii() and self._commands.named(text)) or not is_prose(text):
            turns = (await self._remembered(message)).turns
            text = next((turn.question for turn in reversed(turns) if is_prose(turn.question)), "")
        return language_of(text, self._course.course.languages)

    def _written(self, message: Message) -> str:
        return language_of(clean(message.text), self._course.course.languages)

    def _said(self, message: Message) -> Phrases:
        return phrases(self._written(message))

    async def _remembered(self, message: Message) -> Remembered:
        try:
            return await self._history.load(self.key(message), message.sender.id)
        except MemoryUnavailable as error:
            log.warning("answering message %s without its history: %s", message.id, error)
            return Remembered()

    def _past(self, message: Message, remembered: Remembered) -> Past:
        """What was before the message; not of itself, which is answered again after an edit."""
        mine = (message.sender.id, "")  # an earlier version did not note who asked
        before = [turn for turn in remembered.turns if turn.message_id != message.id]
        return Past(
            [one if one.sender in mine else replace(one, question=OTHERS + one.question) for one in before],
            remembered.summary,
            [fact for fact in remembered.facts if fact.message_id != message.id],
            partial(self._own, message, before),
        )

    async def _own(self, message: Message, window: Sequence[Turn]) -> Sequence[Turn]:
        """What the asker of the message has asked in this conversation, as far as it is kept."""
        try:
            older = await self._history.older(self.key(message))
        except MemoryUnavailable as error:
            log.warning("answering message %s without what was said long before: %s", message.id, error)
            older = []
        return [turn for turn in (*older, *window) if turn.sender == message.sender.id]

    async def _spend(self, message: Message) -> Refused | None:
        group = chat_key(message.conversation) if message.conversation.kind == "group" else ""
        at = message.sent_at.timestamp()
        id = f"{message.id}@{at}" if message.edited else message.id  # an edit is answered once more
        try:
            refused = await self._quota.spend(id, message.sender.id, group, at, self._allowance)
        except MemoryUnavailable as error:
            log.warning("message %s is not counted: %s", message.id, error)
            return None
        # The quota counts from when the question was asked, who reads of it from now.
        return refused and refused._replace(wait=refused.wait - self._age(message))

    def _age(self, message: Message) -> float:
        return (self._now() - message.sent_at).total_seconds()


def refusal(question: str, said: Phrases) -> str | None:
    """Why this cannot be taken as a question, in a sentence for the asker; None where it can."""
    if not question:
        return said.empty
    if len(question) > QUESTION_LIMIT:
        return said.too_long.format(length=len(question), limit=QUESTION_LIMIT)
    return None


def _growing(message: Message, text: str, answer: Answer | None = None) -> Reply:
    sources = answer.sources if answer else ()
    return Reply(message.conversation, text, sources, in_reply_to=message.id)


def _final(message: Message, text: str) -> Reply:
    return Reply(message.conversation, text, in_reply_to=message.id, final=True)
