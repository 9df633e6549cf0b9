"""The digest as the staff reads it: figures, questions by meaning with what can be done, documents, sync."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.base import Button
from bot.course import APPROVED
from bot.digest_words import Words, words
from bot.numbers import Record, code_of, figures
from bot.numbers_text import figure_lines, line, reason_label
from bot.numbers_topics import Topic
from memory.journal import Asked

if TYPE_CHECKING:
    from rag.report import IndexReport

USED_DAYS = 30
"""Days by which it is told which documents are used."""

_MISSED, _AGAINST, _OFTEN = 6, 3, 3  # topics of each kind
_DOCUMENTS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What a digest tells of: a record with its topics, and what there is to say of the documents.

    `used` are the entries of USED_DAYS, `documents` the ids of all there are.
    """

    record: Record
    topics: Sequence[Topic]
    used: Sequence[Asked] = ()
    documents: Sequence[str] = ()
    report: "IndexReport | None" = None

    @property
    def empty(self) -> bool:
        """Whether nobody needs to read it."""
        happened = self.record.entries or self.record.votes or self.record.silences
        waiting = any(one.state == "open" for one in self.record.desk)
        failing = self.report is not None and (self.report.failed or self.report.refused)
        return not (happened or waiting or failing)


def digest_text(told: Told, language: str, zone: ZoneInfo) -> tuple[str, tuple[Button, ...]]:
    """The text in Markdown, and the buttons: three for each topic, by its number."""
    said = words(language)
    since, until = (_moment(at, zone) for at in (told.record.since, told.record.until))
    lines = [f"**{said.title.format(since=since, until=until)}**", ""]
    lines += [f"- {one}" for one in figure_lines(figures(told.record), language)]
    lines += [f"- {one}" for one in _open(told, said, zone)]
    listed, more = _listed(told.topics, said)
    number, buttons = 1, list[Button]()
    for heading, topics in listed:
        lines += ["", f"**{heading}**", ""]
        for topic in topics:
            lines.append(f"{number}. {_topic(topic, language)}")
            buttons += _buttons(topic, number, said)
            number += 1
    if more:
        lines += ["", said.more.format(count=more)]
    if below := [*_used(told, said), *_synced(told, said, zone)]:
        lines += ["", f"**{said.documents}**", "", *(f"- {one}" for one in below)]
    return "\n".join(lines), tuple(buttons)


def _moment(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%m-%d %H:%M}"


def _open(told: Told, said: Words, zone: ZoneInfo) -> Iterator[str]:
    waiting = [one.at for one in told.record.desk if one.state == "open"]
    if waiting:
        yield said.open.format(count=len(waiting), oldest=_moment(min(waiting), zone))


def _listed(topics: Sequence[Topic], said: Words) -> tuple[list[tuple[str, Sequence[Topic]]], int]:
    """The topics under their headings, each once, and how many questions that went wrong are left out."""
    missed = [one for one in topics if one.unanswered and not one.settled]
    against = [one for one in topics if one.downs and not one.settled and one not in missed]
    rest = [one for one in topics if one not in missed and one not in against and len(one.entries) > 1]
    sections = [
        (said.missed, missed[:_MISSED]),
        (said.against, against[:_AGAINST]),
        (said.often, rest[:_OFTEN]),
    ]
    return [one for one in sections if one[1]], len(missed[_MISSED:]) + len(against[_AGAINST:])


def _topic(topic: Topic, language: str) -> str:
    """`怎么申请延期：3 次，2 次没答上，#12 待答`."""
    said, count, missed = words(language), len(topic.entries), len(topic.unanswered)
    after = [said.count.format(count=count)] if count > 1 else []
    after += [said.missed_count.format(count=missed)] if 0 < missed < count else []
    if topic.downs:
        reasons = Counter(reason_label(one.reason, language) for one in topic.downs if one.reason)
        after.append(" ".join([f"👎 {len(topic.downs)}", *reasons]))
    after += [_state(topic, said)] if topic.item else []
    question = line(topic.told.question)
    return said.colon.join([question, *([said.comma.join(after)] if after else [])])


def _state(topic: Topic, said: Words) -> str:
    item = topic.item
    assert item is not None
    match item.state:
        case "open":
            sentence = said.taken if item.assignee else said.waits
        case "answered":
            sentence = said.replied
        case "approved":
            sentence = said.approved
        case _:
            sentence = "#{number}"
    return sentence.format(number=item.number, name=line(item.assignee))


def _buttons(topic: Topic, number: int, said: Words) -> Iterator[Button]:
    code, item = code_of(topic.told), topic.item
    at_desk = item is not None and item.state == "open"
    yield Button(said.write.format(number=number), f"/digest answer {code}")
    for label, name in ((said.assign, "assign"), (said.ignore, "ignore")):
        command = f"/{name} {item.number}" if item and at_desk else f"/digest {name} {code}"
        yield Button(label.format(number=number), command)


def _used(told: Told, said: Words) -> Iterator[str]:
    """Which documents answers stand on most, and which never; the staff's own answers are told elsewhere."""
    documents = [one for one in told.documents if not one.startswith(f"{APPROVED}/")]
    stood = [{place.document: place.title for place in entry.standing} for entry in told.used]
    titles = {id: title for one in stood for id, title in one.items()}
    uses = Counter(id for one in stood for id in one)
    if not uses:
        return
    most = [
        said.uses.format(document=line(titles[id]), count=count) for id, count in uses.most_common(_DOCUMENTS)
    ]
    yield said.most_used.format(days=USED_DAYS, documents=said.comma.join(most))
    if unused := [one for one in documents if one not in uses]:
        yield said.unused.format(days=USED_DAYS, count=len(unused), documents=_names(unused, said))


def _names(names: Sequence[str], said: Words) -> str:
    first = [line(one) for one in names[:_DOCUMENTS]]
    return said.comma.join([*first, *(["…"] if len(names) > _DOCUMENTS else [])])


def _synced(told: Told, said: Words, zone: ZoneInfo) -> Iterator[str]:
    report = told.report
    if report is None or report.started is None:
        return
    changes = report.documents
    moved = changes.added or changes.changed or changes.removed
    first = (said.synced if moved else said.unchanged).format(
        time=_moment(report.started.timestamp(), zone),
        added=changes.added,
        changed=changes.changed,
        removed=changes.removed,
    )
    failed = [one.name for one in report.failed]
    wrong = [said.failed.format(names=_names(failed, said))] if failed else []
    wrong += [said.skipped.format(count=len(report.skipped))] if report.skipped else []
    wrong += [said.refused.format(count=len(report.refused))] if report.refused else []
    yield said.comma.join([first, *wrong])
