"""Which questions lean on the one before them, and what they become."""

from dataclasses import dataclass

import pytest

from rag.followup import standalone


@dataclass(frozen=True)
class Said:
    question: str
    answer: str = "…"


FIRST = "How much memory does the 7B model need on one card?"


@pytest.mark.parametrize(
    "question",
    [
        "那 20B 呢",
        "20B呢？",
        "然后怎么合并",
        "训完那个文件咋办",
        "它要多大显存",
        "刚才那个命令报错了",
        "激活",
        "what about int8?",
        "and on windows?",
        "does it run on a Mac?",
        "why?",
    ],
)
def test_a_follow_up_is_joined_to_its_question(question: str) -> None:
    assert standalone(question, [Said(FIRST)]) == f"{FIRST} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "LMDeploy 怎么启动 api_server？",
        "第四期的作业什么时候交？",
        "How do I install LMDeploy on Ubuntu?",
        "那种需要把整个数据集都转换成另一种格式再上传到服务器上的作业应该怎么提交给助教",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert standalone(question, [Said(FIRST)]) == question


def test_without_a_history_nothing_changes() -> None:
    assert standalone("那 20B 呢", []) == "那 20B 呢"


def test_a_second_follow_up_skips_the_first() -> None:
    assert (
        standalone("13B呢", [Said("Where to hand in?"), Said(FIRST), Said("那 20B 呢")]) == f"{FIRST} 13B呢"
    )


def test_follow_ups_of_nothing_lean_on_the_oldest_at_hand() -> None:
    assert standalone("13B呢", [Said("1B呢"), Said("7B呢")]) == "1B呢 13B呢"
