"""Turns and facts as lines of JSON, and what the scripts know them by."""

import json
from collections.abc import Iterable

from memory.base import Fact, Source, Turn

TURN_VERSION = 2
FACT_VERSION = 1


def of_turn(turn: Turn) -> str:
    """The turn as one line: version, date, sender, message id, and the rest."""
    rest = [turn.question, turn.answer, turn.sources, turn.trace]
    return _compact([TURN_VERSION, turn.at, turn.sender, turn.message_id, *rest])


def of_fact(fact: Fact) -> str:
    """The fact as one line: version, date, sender, text, message id."""
    return _compact([FACT_VERSION, fact.at, fact.sender, fact.text, fact.message_id])


def fields(*texts: str) -> str:
    """How a line goes on behind its date whose next fields are these."""
    return _compact(list(texts))[1:-1] + ","


def last(text: str) -> str:
    """How a line ends whose last field is this."""
    return "," + _compact([text])[1:]


def turns(lines: Iterable[str]) -> list[Turn]:
    """The turns on these lines, but for what is damaged or of a version to come."""
    return [turn for turn in map(_turn, lines) if turn]


def facts(lines: Iterable[str]) -> list[Fact]:
    """The facts on these lines, likewise."""
    return [fact for fact in map(_fact, lines) if fact]


def _turn(line: str) -> Turn | None:
    try:
        version, *rest = json.loads(line)
        if version == TURN_VERSION:
            at, sender, id, question, answer, sources, trace = rest
        elif version == 1:  # without sender and trace
            id, at, question, answer, sources = rest
            sender = trace = ""
        else:
            return None
        return Turn(id, question, answer, at, tuple(Source(*source) for source in sources), sender, trace)
    except (ValueError, TypeError):
        return None


def _fact(line: str) -> Fact | None:
    try:
        version, at, sender, text, message_id = json.loads(line)
    except (ValueError, TypeError):
        return None
    return Fact(text, at, message_id, sender) if version == FACT_VERSION else None


def _compact(value: list[object] | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
