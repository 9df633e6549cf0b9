"""Whether what a person writes after a question answers it."""

import time

import pytest

from rag.replied import Pointing, Wanted
from rag.types import Hit
from tests.fakes.searcher import passage

QUESTION = "lmdeploy 怎么量化模型"
FOUND = (Hit(passage("W4A16 量化", "运行 lmdeploy lite auto_awq，再用 --model-format awq 起服务。"), 1.0),)


def answered(remark: str, pointing: Pointing = "nowhere", question: str = QUESTION) -> bool:
    return Wanted(question, FOUND).given_by(remark, pointing)


@pytest.mark.parametrize(
    "remark",
    [
        "用 auto_awq",
        "你看下 lite 那个命令",
        "lmdeploy lite 就可以",
        "应该是没加 --model-format",
        "是不是没装 auto_awq，加上 --model-format awq 试试",
        "@小王 跑一下 lmdeploy lite",
        "我也遇到过 用 auto_awq 就好了",
        "it is lmdeploy lite with the awq format",
        "/mnt/share/awq 里有现成的",
    ],
)
def test_a_remark_that_is_near_in_meaning_answers(remark: str) -> None:
    assert answered(remark)


@pytest.mark.parametrize(
    "remark",
    [
        "同问",
        "+1",
        "me too",
        "我也想知道 lmdeploy 怎么量化",
        "我也报这个错",
        "哈哈哈",
        "谢谢",
        "[捂脸]",
        "今天好累啊",
        "lmdeploy 怎么起服务",
        "xtuner 训练报错 out of memory",
        "低价代跑 lmdeploy 量化 要的私聊",
        "不知道",
        "",
    ],
)
@pytest.mark.parametrize("pointing", ["nowhere", "here", "elsewhere"])
def test_an_echo_chat_or_another_question_answers_nothing(remark: str, pointing: Pointing) -> None:
    assert not answered(remark, pointing)


@pytest.mark.parametrize("remark", ["群公告里有", "看第三节", "我来看看", "📎", "是不是没装 awq？", "可以的"])
def test_of_a_reply_less_is_asked(remark: str) -> None:
    assert answered(remark, "here")
    assert not answered(remark)


def test_a_reply_to_something_else_has_to_say_more() -> None:
    assert not answered("用 lmdeploy 吧", "elsewhere")
    assert answered("运行 lmdeploy lite auto_awq 再用 --model-format awq", "elsewhere")


def test_yes_answers_only_who_asks_whether() -> None:
    assert answered("可以的", question="mac 上能跑吗")
    assert not answered("可以的", question="mac 上怎么跑")


@pytest.mark.parametrize("piece", ["a.", "1", "_a", "--", "~/", "我", "是不", "==", "a1.", "/a/"])
def test_no_remark_takes_long_to_read(piece: str) -> None:
    started = time.process_time()
    answered(piece * 2000, "here")
    assert time.process_time() - started < 1
