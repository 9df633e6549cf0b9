"""What is overheard in a group: what asks, and what does not."""

import time

import pytest

from rag.overheard import seeks


@pytest.mark.parametrize(
    "text",
    [
        "量化以后的模型怎么部署",
        "求助 第二关的作业交到哪里",
        "有人试过在mac上跑吗",
        "xtuner支持多机训练不",
        "3.10还是3.11",
        "RuntimeError: CUDA error: device-side assert triggered",
        "Traceback (most recent call last):\n  File 'a.py', line 3\nKeyError: 'model'",
        "一运行就oom",
        "模型加载到一半一直卡着",
        "网页打不开",
        "谢谢大家 请问量化怎么做",
        "代理要怎么设置",
        "how to merge the adapter",
        "anyone got the demo working",
        "my endpoint doesn't answer after the update",
        "各位同学 作业在哪看",
    ],
)
def test_a_question_needs_no_mark_and_an_error_no_word(text: str) -> None:
    assert seeks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "？？？",
        "[图片]",
        "https://example.org/page?id=3",
        "大家早上好",
        "谢谢大佬 解决了",
        "哈哈哈哈",
        "今天学完了量化",
        "@小李 你那边跑通了吗",
        "你用的什么系统",
        "你们组进度怎么样",
        "【通知】今晚八点直播 不要错过",
        "请大家周五前提交作业",
        "有没有人一起组队",
        "显卡低价出租 要的私聊 量大优惠",
        "报错是因为没装依赖 装一下就好了",
        "试试换成 3.10",
        "看下文档里怎么配置那一节",
        "FYI the office is closed",
        "thanks, that works",
        "怎么" * 2001,
    ],
)
def test_what_is_said_to_somebody_sold_announced_or_explained_is_no_question(text: str) -> None:
    assert not seeks(text)


@pytest.mark.parametrize("text", ["请大家帮忙看看这个报错", "Could anybody please help with step 2"])
def test_who_asks_all_for_help_announces_nothing(text: str) -> None:
    assert seeks(text)


@pytest.mark.parametrize(
    "piece", ["看", "有人", "a b ", "can a ", "/a", "不能", "?!", "@", ". ", "还是", "[x"]
)
def test_no_message_takes_long_to_read(piece: str) -> None:
    started = time.process_time()
    seeks(piece * 2000)
    assert time.process_time() - started < 1
