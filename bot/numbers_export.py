"""Everything that was asked in a time as a CSV file, for who works it out further; without people's ids."""

import csv
import hashlib
import hmac
import io
import secrets
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.numbers import Record, chat_of, code_of, trace_of
from memory.journal import Asked, Voted

COLUMNS = (
    "time",
    "person",
    "chat",
    "cohort",
    "language",
    "question",
    "outcome",
    "notice",
    "unasked",
    "first_ms",
    "total_ms",
    "model_ms",
    "prompt_tokens",
    "answer_tokens",
    "documents",
    "votes",
    "reasons",
    "code",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exported(record: Record, zone: ZoneInfo) -> bytes:
    """A line for each answer, with a mark at the beginning by which Excel reads UTF-8.

    A person is told by a short hash, which differs in every export: nobody finds them by their ids.
    """
    key = secrets.token_bytes(16)
    votes: dict[str, list[Voted]] = {}
    for one in record.votes:
        votes.setdefault(one.message_id, []).append(one)
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    for entry in record.entries:
        lines.writerow(_cell(one) for one in _line(entry, votes.get(entry.message_id, []), key, zone))
    return written.getvalue().encode("utf-8-sig", "replace")


def _line(entry: Asked, votes: list[Voted], key: bytes, zone: ZoneInfo) -> Iterator[object]:
    yield datetime.fromtimestamp(entry.at, zone).isoformat(timespec="seconds")
    yield hmac.new(key, entry.person.encode(errors="replace"), hashlib.sha256).hexdigest()[:8]
    yield chat_of(entry) or "direct"
    yield from (entry.cohort, entry.language, entry.question, entry.outcome, entry.notice)
    yield int(entry.unasked)
    yield from map(round, (entry.first_ms, entry.total_ms, trace_of(entry).ms.get("model", 0.0)))
    yield from entry.tokens
    yield "; ".join(dict.fromkeys(one.document for one in entry.standing))
    yield " ".join(one.vote for one in votes)
    yield " ".join(one.reason for one in votes if one.reason)
    yield code_of(entry)


def _cell(value: object) -> object:
    """What a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
