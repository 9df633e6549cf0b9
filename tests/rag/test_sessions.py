"""The schedule told by rules: which sessions a question means, and what is no question for a date."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rag.sessions import Session, scheduled

ZONE = ZoneInfo("Asia/Shanghai")


def at(month: int, day: int, hour: int = 20, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


NOW = at(11, 25, 12)
OPEN = Session("第 1 节", "全链路开源体系", at(11, 20), at(11, 27, 23, 59), "https://course.example/1")
DEMO = Session("第 2 节", "轻松玩转趣味 Demo", at(11, 24), at(12, 1, 23, 59))
RAG = Session("第 3 节", "茴香豆：搭建你的 RAG 智能助理", at(12, 1))
TRAIN = Session("第 4 节", "XTuner 微调 LLM", at(12, 8, 0))
LATER = Session("第 12 节", "大模型评测实战")
SESSIONS = [OPEN, DEMO, RAG, TRAIN, LATER]


def names(question: str, cohort: str = "") -> list[str]:
    lines = scheduled(question, SESSIONS, cohort, NOW).splitlines()
    return [line.split("**")[1] for line in lines]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("第三节课什么时候", [RAG]),
        ("第3节课什么时候上？", [RAG]),
        ("when is session 3?", [RAG]),
        ("下一节课是什么时候", [RAG]),
        ("when is the next lecture", [RAG]),
        ("RAG 那节课是哪天", [RAG]),
        ("XTuner 的课几点开始", [TRAIN]),
        ("第二节课作业截止时间", [DEMO]),
        ("作业什么时候截止", [OPEN, DEMO]),
        ("deadline 是什么时候", [OPEN, DEMO]),
        ("课程表", [OPEN, DEMO, RAG, TRAIN]),
        ("course schedule", [OPEN, DEMO, RAG, TRAIN]),
        ("什么时候上课", [OPEN, DEMO, RAG, TRAIN]),
        ("第九节课什么时候", []),
        ("第十二节课什么时候", []),
        ("第四节作业什么时候截止", []),
    ],
)
def test_a_question_for_a_date_gets_the_sessions_it_means(question: str, meant: list[Session]) -> None:
    assert names(question) == [session.name for session in meant]


@pytest.mark.parametrize(
    "question",
    [
        "第三节课讲什么",
        "第三节课的录播什么时候放出来",
        "第三节课什么时候能用上 LoRA",
        "xtuner 什么时候支持 internlm3",
        "茴香豆什么时候开源的",
        "什么时候用 LoRA",
        "结营证书什么时候发",
        "开发机什么时候释放",
        "learning rate schedule 怎么设",
        "cosine schedule",
        "when should I use int8",
        "课题什么时候交",
        "啥时候能有钱啊",
        "作业怎么提交",
        "time out",
        "",
    ],
)
def test_other_questions_are_left_to_the_documents(question: str) -> None:
    assert names(question) == []


def test_a_line_says_when_and_until_when() -> None:
    assert scheduled("第一节课什么时候", SESSIONS, now=NOW) == (
        "- **第 1 节** [全链路开源体系](https://course.example/1)："
        "2026-11-20（周五）20:00，作业截止 2026-11-27（周五）23:59"
    )
    assert scheduled("when is lesson 4", SESSIONS, now=NOW) == "- **第 4 节** XTuner 微调 LLM: Tue 2026-12-08"


def test_another_cohort_has_dates_of_its_own() -> None:
    ours, theirs = (Session("第 1 节", starts=at(12, day), cohort=str(day)) for day in (1, 2))
    assert "2026-12-01" in scheduled("第一节课什么时候", [theirs, ours], "1", NOW)
    assert "2026-12-02" not in scheduled("第一节课什么时候", [theirs, ours], "1", NOW)


def test_sessions_without_numbers_are_counted() -> None:
    sessions = [Session("Opening", starts=at(12, 1)), Session("Closing", starts=at(12, 9))]
    assert "Closing" in scheduled("when is session 2?", sessions, now=NOW)


def test_a_course_without_sessions_tells_nothing() -> None:
    assert scheduled("课程表", []) == ""


@pytest.mark.parametrize(
    "question", ["第四期的课什么时候开始", "第3期第一节课几点", "camp3 第一节课什么时候"]
)
def test_another_camps_dates_are_not_these(question: str) -> None:
    assert scheduled(question, SESSIONS) == ""
