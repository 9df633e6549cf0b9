"""What is kept of an answer: the turn with how it came about, and what the asker said of themself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapters.base import Message
from memory.base import Fact, Remembered, Source, Turn
from rag.facts import facts_in
from rag.types import Answer


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be remembered, unless the `epoch` in which the question was answered is over by then.

    `beyond` counts the turns that no summary tells of yet.
    """

    turn: Turn
    facts: tuple[Fact, ...] = ()
    epoch: str = ""
    beyond: int = 0


def kept(message: Message, question: str, text: str, answer: Answer, remembered: Remembered) -> Kept:
    """What is kept of the answer to a message; `text` is what was shown."""
    sender = message.sender.id
    if message.quoted or any(one.sender not in (sender, "") for one in remembered.turns):
        # It may hold words of others, who would not find them here when they want to be forgotten.
        answer = replace(answer, standalone="")
    now = turn(message.id, question, message.sent_at.timestamp(), text, answer, sender)
    return Kept(now, facts_of(now), remembered.epoch, remembered.beyond)


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
