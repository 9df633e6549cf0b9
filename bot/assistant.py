"""One message, one growing reply: the only path through the house."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from adapters.base import Message, Reply
from bot.commands import Commands
from bot.conversations import conversation_key, group_settings
from bot.replies import Phrases, answer_text, language_of, phrases, vote_buttons
from bot.settings import Course
from memory.base import History, MemoryUnavailable, Source, Turn
from rag.types import Answer, Exchange, IndexUnavailable

QUESTION_LIMIT = 4000
"""Characters of one question; more is answered with a sentence."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff\x00-\x08\x0b-\x1f\x7f]")

log = logging.getLogger(__name__)


class Answers(Protocol):
    """The door to rag: a question becomes a growing answer."""

    def stream(self, question: str, history: Sequence[Exchange] = ()) -> AsyncIterator[Answer]: ...


def clean(text: str) -> str:
    """The text without what nobody sees: zero-width and control characters, halves of surrogate pairs."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n")).strip()


class Assistant:
    """Answers messages. It knows the doors of memory and rag, and no platform."""

    def __init__(self, answers: Answers, history: History, commands: Commands, course: Course) -> None:
        self._answers = answers
        self._history = history
        self._commands = commands
        self._course = course

    def key(self, message: Message) -> str:
        """The conversation this message is remembered in."""
        scope = group_settings(self._course, message.conversation).memory
        return conversation_key(message.conversation, message.sender, scope)

    async def replies(self, message: Message) -> AsyncIterator[Reply]:
        """The reply as it grows; it always ends with a final one and never raises."""
        question = clean(message.text)
        said = phrases(language_of(question, self._course.course.languages))
        try:
            async for reply in self._replies(message, question):
                yield reply
        except IndexUnavailable as error:
            log.error("message %s: %s", message.id, error)
            yield _final(message, said.index_unavailable)
        except Exception:  # The asker hears something, whatever breaks.
            log.exception("message %s could not be answered", message.id)
            yield _final(message, said.failed)

    async def _replies(self, message: Message, question: str) -> AsyncIterator[Reply]:
        language = await self._language(message, question)
        said = phrases(language)
        if (sentence := refusal(question, said)) is not None:
            yield _final(message, sentence)
            return
        shown = await self._commands.run(message, question, self.key(message), language)
        if shown is not None:
            yield _final(message, shown)
            return
        yield Reply(message.conversation, said.working, in_reply_to=message.id)
        async for reply in self._answer(message, question, language):
            yield reply

    async def _answer(self, message: Message, question: str, language: str) -> AsyncIterator[Reply]:
        key = self.key(message)
        async for answer in self._answers.stream(question, await self._remembered(key)):
            text = answer_text(answer, language)
            if answer.final:
                await self._remember(key, message, question, text, answer)
            yield Reply(
                message.conversation,
                text,
                sources=answer.sources,
                buttons=vote_buttons(message.id) if answer.final else (),
                in_reply_to=message.id,
                final=answer.final,
            )

    async def _language(self, message: Message, text: str) -> str:
        """The asker's. A command's name says little of it, the last question more."""
        if text.isascii() and self._commands.knows(text):
            text = next((turn.question for turn in reversed(await self._remembered(self.key(message)))), "")
        return language_of(text, self._course.course.languages)

    async def _remembered(self, key: str) -> list[Turn]:
        try:
            return await self._history.load(key)
        except MemoryUnavailable as error:
            log.warning("answering %s without its history: %s", key, error)
            return []

    async def _remember(self, key: str, message: Message, question: str, text: str, answer: Answer) -> None:
        try:
            await self._history.append(
                key, turn(message.id, question, message.sent_at.timestamp(), text, answer)
            )
        except MemoryUnavailable as error:
            log.warning("the turn of message %s is not remembered: %s", message.id, error)


def turn(message_id: str, question: str, at: float, text: str, answer: Answer) -> Turn:
    """What is remembered of a question and its answer, as they were shown."""
    sources = tuple(Source(one.title, one.heading, one.url, one.revision) for one in answer.sources)
    return Turn(message_id, question, text, at, sources)


def refusal(question: str, said: Phrases) -> str | None:
    """Why this cannot be taken as a question, in a sentence for the asker; None where it can."""
    if not question:
        return said.empty
    if len(question) > QUESTION_LIMIT:
        return said.too_long.format(length=len(question), limit=QUESTION_LIMIT)
    return None


def _final(message: Message, text: str) -> Reply:
    return Reply(message.conversation, text, in_reply_to=message.id, final=True)
