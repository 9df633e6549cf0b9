"""Figures and traces as people read them, in Markdown."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from bot.numbers import Figures, Part, Record, chat_of, day_of, parts, trace_of
from bot.numbers_topics import Topic
from bot.numbers_words import Words, words
from bot.phrases import phrases
from memory.base import Reason
from memory.journal import Asked, Voted

_MOST_TOPICS, _MOST_PARTS = 5, 5
_QUESTION = 80  # characters
_MARKS = re.compile(r"([\\`*_\[\]<>#|~$])")


def figures_text(
    record: Record, told: Figures, topics: Sequence[Topic], language: str, zone: ZoneInfo, here: bool
) -> str:
    """All figures of a record; `here`: it is of the group alone in which this is said."""
    said = words(language)
    lines = [f"**{_title(record, said, zone, here)}**", ""]
    lines += [f"- {line}" for line in figure_lines(told, language)]
    often = [one for one in topics[:_MOST_TOPICS] if len(one.entries) > 1]
    if often:
        lines += ["", f"**{said.topics}**", "", *_numbered(_topic(one, said) for one in often)]
    if not here:
        by_chat = parts(record, lambda one: chat_of(one) or said.direct)
        by_cohort = parts(record, lambda one: one.cohort or said.no_cohort)
        lines += [*_parts(said.chats, by_chat, said), *_parts(said.cohorts, by_cohort, said)]
    return "\n".join(lines)


def _title(record: Record, said: Words, zone: ZoneInfo, here: bool) -> str:
    first, last = day_of(record.since, zone), day_of(record.until, zone)
    days = (last - first).days + 1
    title = said.title_here if here else said.title if days > 1 else said.day
    return title.format(days=days, first=f"{first:%m-%d}", last=f"{last:%m-%d}")


def figure_lines(told: Figures, language: str) -> Iterator[str]:
    """A line for each thing that there is something to tell of."""
    said = words(language)
    sentence = said.questions if told.questions else said.nothing
    yield sentence.format(
        questions=told.questions,
        people=told.people,
        share=percent(told.share),
        answered=told.answered,
        quoted=told.quoted,
        unanswered=told.unanswered,
    )
    if told.others:
        yield said.others.format(others=told.others)
    if told.silences:
        yield said.silence.format(share=percent(told.silence), silences=told.silences)
    if told.first:
        yield said.first.format(first=duration(told.first, said), slow=duration(told.slow, said))
    if told.ups or told.downs:
        yield said.votes.format(ups=told.ups, downs=told.downs) + _reasons(told, language)
    if told.handed:
        yield said.handed.format(handed=told.handed, replied=told.replied, waiting=told.waiting)
    if told.prompt:
        model = duration(told.model, said)
        yield said.usage.format(prompt=f"{told.prompt:,}", completion=f"{told.completion:,}", model=model)


def _reasons(told: Figures, language: str) -> str:
    said = words(language)
    counted = [
        f"{reason_label(one, language)} {told.reasons[one]}"
        for one in get_args(Reason)
        if one in told.reasons
    ]
    return said.in_brackets.format(said.comma.join(counted)) if counted else ""


def reason_label(reason: Reason, language: str) -> str:
    """Why somebody voted against an answer."""
    said = phrases(language)
    labels: dict[Reason, str] = {
        "wrong": said.wrong,
        "missed": said.missed,
        "old": said.old,
        "unclear": said.unclear,
    }
    return labels[reason]


def percent(share: float) -> str:
    """`86%`."""
    return f"{round(100 * share)}%"


def duration(ms: float, said: Words) -> str:
    """Milliseconds as `1.2 秒` or `3 分钟`."""
    if ms >= 120_000:
        return said.minutes.format(round(ms / 60_000))
    return said.seconds.format(f"{ms / 1000:.1f}" if ms < 10_000 else round(ms / 1000))


def line(text: str, limit: int = _QUESTION) -> str:
    """A text in one line, with nothing in it that formats."""
    whole = " ".join(text.split())
    short = whole if len(whole) <= limit else f"{whole[: limit - 1]}…"
    return _MARKS.sub(r"\\\1", short)


def _numbered(lines: Iterator[str]) -> Iterator[str]:
    return (f"{number}. {one}" for number, one in enumerate(lines, 1))


def _topic(topic: Topic, said: Words) -> str:
    told = said.topic.format(question=line(topic.told.question), count=len(topic.entries))
    missed = len(topic.unanswered)
    return said.comma.join([told, *([said.unanswered.format(count=missed)] if missed else [])])


def _parts(heading: str, found: Sequence[Part], said: Words) -> list[str]:
    """The parts, where there is more than one."""
    told = [
        said.part.format(name=line(one.name), questions=one.questions, share=percent(one.share))
        for one in found[:_MOST_PARTS]
    ]
    return ["", f"**{heading}**", "", *(f"- {one}" for one in told)] if len(found) > 1 else []


def trace_text(entry: Asked, votes: Sequence[Voted], language: str, zone: ZoneInfo) -> str:
    """How an answer came about."""
    said = words(language)
    lines = [said.question.format(question=line(entry.question, 500)), ""]
    lines += [f"- {one}" for one in _trace(entry, votes, language, zone)]
    if entry.standing:
        lines += ["", said.stood_on, ""]
        places = (" › ".join(dict.fromkeys(filter(None, (one.title, one.heading)))) for one in entry.standing)
        lines += _numbered(
            line(f"{place} ({one.revision})" if one.revision else place, 200)
            for place, one in zip(places, entry.standing, strict=True)
        )
    return "\n".join(lines)


def _trace(entry: Asked, votes: Sequence[Voted], language: str, zone: ZoneInfo) -> Iterator[str]:
    said, trace = words(language), trace_of(entry)
    chat = chat_of(entry)
    place = said.group.format(chat=line(chat)) if chat else said.direct
    when = f"{datetime.fromtimestamp(entry.at, zone):%Y-%m-%d %H:%M:%S}"
    yield said.when.format(time=when, place=said.comma.join(filter(None, (place, line(entry.cohort)))))
    outcome = [said.outcomes.get(entry.outcome, entry.outcome), said.notices.get(entry.notice, entry.notice)]
    outcome += [said.unasked] if entry.unasked else []
    yield said.outcome.format(outcome=said.comma.join(filter(None, outcome)))
    if trace.standalone not in ("", entry.question):
        yield said.searched.format(question=line(trace.standalone, 500))
    if entry.total_ms:
        yield said.took.format(total=duration(entry.total_ms, said)) + _steps(entry, said)
    if any(entry.tokens):
        told = said.tokens.format(prompt=entry.tokens[0], completion=entry.tokens[1])
        cached = trace.tokens[2] if len(trace.tokens) > 2 else 0
        yield said.comma.join([told, *([said.cached.format(cached=cached)] if cached else [])])
    if votes:
        yield said.voted.format(votes=said.comma.join(_vote(one, language) for one in votes))


def _steps(entry: Asked, said: Words) -> str:
    """In the order in which they are done."""
    steps = [said.first_words.format(first=duration(entry.first_ms, said))] if entry.first_ms else []
    steps += [
        f"{said.steps.get(step, step)} {round(ms)} ms"
        for step, ms in trace_of(entry).ms.items()
        if step != "total" and ms >= 1
    ]
    return said.in_brackets.format(said.comma.join(steps)) if steps else ""


def _vote(vote: Voted, language: str) -> str:
    sign = "👍" if vote.vote == "up" else "👎"
    return f"{sign} {reason_label(vote.reason, language)}" if vote.reason else sign
