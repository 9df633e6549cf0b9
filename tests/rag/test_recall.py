"""Recall: which turns of a conversation a question that asks back is answered from."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from rag.dates import spans
from rag.recall import TurnSearch, Utterance, recalled
from rag.stems import stem

DAY = 86_400.0
NOON = datetime(2026, 3, 2, 12).timestamp()


@dataclass(frozen=True, slots=True)
class Said:
    """A question with its answer."""

    question: str
    answer: str
    at: float


# Three sittings in Chinese, a day apart.
ASKED = [
    Said(question, answer, NOON + DAY * (number // 7) + 60 * number)
    for number, (question, answer) in enumerate(
        (
            ("怎么连接开发机", "用 ssh 连接，端口在控制台里。"),
            ("我用的是一台旧的联想笔记本", "好的。"),
            ("端口映射失败了怎么办", "检查本地端口是否被占用。"),
            ("模型下载到哪个目录", "下载到 share 目录。"),
            ("我在写一个读财报的小程序", "听起来不错。"),
            ("提示词怎么写更稳定", "给出例子，并说明输出格式。"),
            ("谢谢", "不客气。"),
            ("微调要准备多少数据", "几百条就可以开始。"),
            ("我的数据是医院的病历，不能上传", "那就在本地微调。"),
            ("学习率设多大", "从 1e-4 试起。"),
            ("训练到一半断了", "用 resume 从检查点继续。"),
            ("我对象也想学这门课", "欢迎报名下一期。"),
            ("检查点存在哪里", "在 work_dirs 里。"),
            ("好的", "还有问题随时问。"),
            ("量化后精度掉了", "换一批校准数据。"),
            ("推荐一个小一点的模型", "可以用 1.8B 的版本。"),
            ("部署要开几个进程", "一个就够。"),
            ("我下周要给导师演示", "祝顺利。"),
            ("怎么做压力测试", "用自带的 benchmark 脚本。"),
            ("网页打不开", "看看防火墙。"),
            ("日志在哪里看", "在 logs 目录。"),
        )
    )
]


@pytest.mark.parametrize(
    ("question", "answered_by"),
    [
        ("我之前说我的数据是什么来着", "我的数据是医院的病历，不能上传"),
        ("我用的什么笔记本", "我用的是一台旧的联想笔记本"),
        ("你推荐的那个小模型是多大的", "推荐一个小一点的模型"),
        ("我说过什么时候给导师演示吗", "我下周要给导师演示"),
        ("我写的小程序是读什么的", "我在写一个读财报的小程序"),
        ("你上次说学习率从多少试", "学习率设多大"),
        ("我问过检查点在哪吗", "检查点存在哪里"),
        ("你说压力测试用什么脚本", "怎么做压力测试"),
        ("谁也想学这门课", "我对象也想学这门课"),
        ("上次说网页打不开要看什么", "网页打不开"),
    ],
)
def test_chinese_questions_find_the_turn_that_answers_them(question: str, answered_by: str) -> None:
    assert answered_by in [one.question for one in recalled(question, ASKED, k=2)]


def test_what_has_nothing_to_do_with_the_question_is_not_recalled() -> None:
    assert recalled("咖啡机坏掉怎么修理", ASKED[:3]) == []
    assert recalled("我说过什么", []) == []


def test_of_a_long_answer_the_beginning_is_read() -> None:
    said = [Said("怎么部署", f"先装驱动。{'再等等。' * 200}最后重启路由器。", NOON)]
    assert recalled("驱动", said) == said
    assert recalled("路由器", said) == []


def test_a_question_that_names_nothing_gets_the_newest_turns() -> None:
    assert recalled("我刚才说了什么", ASKED, k=2) == [ASKED[-1], ASKED[-2]]


def test_a_day_in_the_question_prefers_what_was_said_on_it() -> None:
    found = recalled("我昨天问了什么", ASKED, k=7, now=ASKED[-1].at)
    assert {one.at for one in found} == {one.at for one in ASKED[7:14]}


PLANS = [
    Utterance("Ann", "I finally bought a red bicycle yesterday!", NOON),
    Utterance("Ben", "Where do you ride it?", NOON + 60),
    Utterance("Ann", "Mostly along the canal.", NOON + 120),
    Utterance("Ben", "My bicycle was stolen. I reported it.", NOON + 30 * DAY),
    Utterance("Ann", "Did the police find your bicycle?", NOON + 30 * DAY + 60),
    Utterance("Ben", "No. I walk now, it is healthy.", NOON + 30 * DAY + 120),
]


def best(question: str) -> str:
    """The text of the utterance that scores highest."""
    return PLANS[int(TurnSearch(PLANS).scores(question).argmax())].text


def test_other_forms_of_a_word_are_the_same_word() -> None:
    assert best("When did Ann buy a bicycle?") == PLANS[0].text
    assert {stem(word) for word in ("riding", "rode", "rides", "ride")} == {"rid"} | {stem("ride")}


def test_what_the_person_named_said_counts_more() -> None:
    search = TurnSearch([Utterance(name, "I love the sea", NOON) for name in ("Ann", "Ben")])
    assert search.scores("What does Ben love?").argmax() == 1
    assert search.scores("What does Ann love?").argmax() == 0


def said(*texts: str) -> TurnSearch:
    """One person saying this in one sitting, with silence as long between as nothing reaches across."""
    lines = [line for text in texts for line in (text, "hm", "hm", "hm", "hm", "hm")]
    return TurnSearch([Utterance("Ann", line, NOON) for line in lines])


def test_a_line_without_the_words_is_found_by_those_around_it() -> None:
    found = said("Where do you ride?").met("riding")
    assert found[0] > found[1] > found[2] > found[3]


def test_who_tells_is_preferred_to_who_asks() -> None:
    found = said("Is your bicycle red?", "My bicycle is red.").scores("the red bicycle")
    assert found[6] > found[0]


def test_a_question_for_a_time_prefers_who_says_one() -> None:
    texts = said("I sold the bicycle", "I sold the bicycle yesterday")
    assert texts.scores("When was the bicycle sold?").argmax() == 6
    assert texts.scores("Was the bicycle sold?").argmax() == 0


def test_thousands_of_turns_without_a_word_are_no_trouble() -> None:
    assert TurnSearch([Utterance("", "", 0.0)] * 2000).scores("anything", now=0.0).shape == (2000,)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("on 7 May 2023", "2023-05-07", "2023-05-07"),
        ("on May 7th, 2023", "2023-05-07", "2023-05-07"),
        ("in July", "2025-07-01", "2025-07-31"),
        ("in 2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023年5月7日", "2023-05-07", "2023-05-07"),
        ("二月三十号之前 2月28号", "2026-02-28", "2026-02-28"),
        ("昨天", "2026-03-01", "2026-03-01"),
        ("last week", "2026-02-17", "2026-03-01"),
        ("三天前", "2026-02-27", "2026-02-27"),
        ("2 weeks ago", "2026-02-13", "2026-02-19"),
    ],
)
def test_the_times_that_a_question_names(text: str, first: str, last: str) -> None:
    assert [(f"{span.first}", f"{span.last}") for span in spans(text, NOON)] == [(first, last)]


@pytest.mark.parametrize("text", ["2月30日", "may I ask", "version 2.1", "python 3.10", "12GB", "第三课"])
def test_what_is_no_time(text: str) -> None:
    assert spans(text, NOON) == []
