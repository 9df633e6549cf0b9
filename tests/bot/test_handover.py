"""What is handed to the staff of itself, and what travels with it."""

from dataclasses import replace

import pytest

from adapters.base import Conversation, Message, Sender
from bot.course import Staff
from bot.handover import Handed, Handover, handed_on
from bot.keeping import kept
from memory.base import Remembered, Source, Turn
from memory.staff import Asker
from rag.types import Answer, Outcome
from tests.fakes.staff_room import ASKED_AT, STAFF

HANDED = Handed(
    "down_vote",
    "怎么交作业",
    "那怎么交",
    7.0,
    "chat:ann",
    "Ann",
    "chat:1",
    '["chat", "ann", "direct", ""]',
    "zh",
    "说过的",
    (Source("手册", "提交", "/read#1", "r1"),),
    "5",
    "old",
    (Asker("chat:bob", "", "chat:2", "[]", "en", 3.0),),
    "Lin",
    4,
)


@pytest.fixture
def message() -> Message:
    return Message("chat:1", Conversation("chat", "ann"), Sender("chat:ann", "Ann"), "那怎么交", ASKED_AT)


def errands(message: Message, staff: Staff, outcome: Outcome = "no_evidence") -> list[Handed]:
    """What is handed over when this is answered so, after another question."""
    remembered = Remembered((Turn("chat:0", "作业是什么", "写一篇笔记。", 1.0, sender="chat:ann"),))
    answer = Answer("", (), outcome, "作业怎么交", final=True)
    keeping = kept(message, message.text, "", answer, remembered, cohort="5", language="zh")
    return [handed_on(one.body) for one in Handover(staff).unanswered(message, keeping, remembered)]


def test_a_question_without_evidence_is_handed_over_as_it_is_meant(message: Message) -> None:
    [handed] = errands(message, STAFF)
    assert (handed.cause, handed.question, handed.asked) == ("no_evidence", "作业怎么交", "那怎么交")
    assert (handed.gist, handed.cohort) == ("作业是什么\n> 写一篇笔记。", "5")
    assert handed.asker.person == "chat:ann"


def test_nothing_is_handed_over_without_need_or_without_anybody(message: Message) -> None:
    assert errands(message, STAFF, "answered") == []
    assert errands(message, Staff()) == []
    assert errands(message, STAFF.model_copy(update={"escalate": "offer"})) == []
    assert errands(replace(message, addressed=False), STAFF) == []


def test_what_is_handed_over_travels_whole() -> None:
    assert handed_on(Handover(STAFF).errand(HANDED).body) == HANDED


def test_an_errands_id_tells_nothing_of_who_asked() -> None:
    errand = Handover(STAFF).errand(HANDED)
    assert "chat:" not in errand.id
    assert errand.id == Handover(STAFF).errand(replace(HANDED, gist="other")).id
    assert errand.id != Handover(STAFF).errand(replace(HANDED, reason=None)).id
