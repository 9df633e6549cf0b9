"""What is kept of an answer: the turn with how it came about, and what the asker said of themself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from adapters.base import Message
from bot.conversations import chat_key
from bot.posting import place_line
from memory.base import Fact, Remembered, Source, Turn
from memory.journal import Asked, Standing
from rag.facts import facts_in
from rag.types import Answer


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be remembered, unless the `epoch` in which the question was answered is over by then.

    `beyond` counts the turns that no summary tells of yet. `entry` is for the journal.
    """

    turn: Turn
    facts: tuple[Fact, ...] = ()
    epoch: str = ""
    beyond: int = 0
    entry: Asked | None = None


class Timing(NamedTuple):
    """Milliseconds up to the first words of an answer (0: there were none), and to the last."""

    first: float = 0.0
    total: float = 0.0


_UNTIMED = Timing()


def kept(
    message: Message,
    question: str,
    text: str,
    answer: Answer,
    remembered: Remembered,
    timing: Timing = _UNTIMED,
    cohort: str = "",
    language: str = "",
) -> Kept:
    """What is kept of the answer to a message; `text` is what was shown."""
    sender = message.sender.id
    if message.quoted or any(one.sender not in (sender, "") for one in remembered.turns):
        # It may hold words of others, who would not find them here when they want to be forgotten.
        answer = replace(answer, standalone="")
    now = turn(message.id, question, message.sent_at.timestamp(), text, answer, sender)
    written = replace(_entry(message, answer, now), cohort=cohort, language=language)
    written = replace(written, first_ms=round(timing.first, 1), total_ms=round(timing.total, 1))
    return Kept(now, facts_of(now), remembered.epoch, remembered.beyond, written)


def _entry(message: Message, answer: Answer, turn: Turn) -> Asked:
    """What the journal keeps of it, but for what only the assistant knows."""
    usage, place = answer.usage, message.conversation
    return Asked(
        message.id,
        message.sender.id,
        turn.at,
        chat_key(place),
        place_line(place),
        answer.standalone or turn.question,
        answer.outcome,
        answer.notice,
        tokens=(usage.prompt, usage.completion) if usage else (0, 0),
        standing=tuple(
            Standing(one.passage, one.document, one.title, one.heading, one.revision, one.digest)
            for one in answer.sources
            if one.passage
        ),
        unasked=not message.addressed,
        trace=turn.trace,
    )


def turn(message_id: str, question: str, at: float, text: str, answer: Answer, sender: str) -> Turn:
    """The question and its answer as they were shown."""
    sources = tuple(Source(one.title, one.heading, one.url, one.revision) for one in answer.sources)
    trace = json.dumps(_trace(answer), ensure_ascii=False, separators=(",", ":"))
    return Turn(message_id, question, text, at, sources, sender, trace)


def facts_of(turn: Turn) -> tuple[Fact, ...]:
    """What the asker said of themself in the question."""
    return tuple(Fact(text, turn.at, turn.message_id, turn.sender) for text in facts_in(turn.question))


def _trace(answer: Answer) -> Mapping[str, object]:
    """For who has to find out later why it was answered so."""
    usage = answer.usage
    return {
        "standalone": answer.standalone,
        "outcome": answer.outcome,
        "notice": answer.notice,
        "ms": {step: round(ms, 1) for step, ms in answer.ms.items()},
        "tokens": [usage.prompt, usage.completion, usage.cached] if usage else [],
    }
