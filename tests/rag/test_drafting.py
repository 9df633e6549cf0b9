"""A question without the person who asked it."""

from collections.abc import AsyncIterator

import pytest

from rag.drafting import Drafting, impersonal
from rag.llm import LanguageModel
from tests.fakes.openai_server import OpenAIServer, Turn


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("证书什么时候发", "证书什么时候发"),
        ("老师好，我是小明，我的学号是 20231234，请问作业三怎么提交？谢谢！", "作业三怎么提交？"),
        ("hi, I'm a student at Tsinghua. How do I install it on Windows?", "How do I install it on Windows?"),
        ("@王老师 帮我看看这个：我微信 abc12345，证书什么时候发", "证书什么时候发"),
        ("My name is Ann, student id 2023001. When is it sent?", "When is it sent?"),
        ("学号2023001的证书什么时候寄", "证书什么时候寄"),
        ("uid 8812 提交的作业看不到，怎么办？", "提交的作业看不到，怎么办？"),
        ("how can I get my certificate? my name is Bob Li", "how can I get my certificate?"),
    ],
)
def test_greetings_names_and_contacts_are_left_out(asked: str, left: str) -> None:
    assert impersonal(asked, ["小明"]) == left


def test_the_machine_stays_since_the_answer_may_depend_on_it() -> None:
    assert impersonal("我的显卡是 3060 6G，能微调 7B 吗？") == "显卡是 3060 6G，能微调 7B 吗？"


def test_of_a_pasted_log_the_error_stays() -> None:
    pasted = "训练报错怎么办\n```\nTraceback (most recent call last)\nRuntimeError: CUDA out of memory\n```"
    assert impersonal(pasted) == "训练报错怎么办 RuntimeError: CUDA out of memory"


def test_a_question_that_is_all_about_its_asker_stays_a_question() -> None:
    assert impersonal("我是第五期的") == "是第五期的"


async def test_without_a_model_the_rules_draft() -> None:
    assert await Drafting(None).draft("请问证书什么时候发", names=["小明"]) == "证书什么时候发"


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[LanguageModel]:
    model = LanguageModel([server.url], first_token_timeout=20, idle_timeout=20)
    yield model
    await model.close()


async def test_the_model_puts_in_what_was_said_before(model: LanguageModel, server: OpenAIServer) -> None:
    server.script(Turn(text="20B 的模型要多大显存？"))
    drafted = await Drafting(model).draft("那 20B 呢", "7B 的模型要多大显存？\n> 14 GB")
    assert drafted == "20B 的模型要多大显存？"


@pytest.mark.parametrize(
    "said", ["证书 12 月 1 日发。", "好的：\n证书什么时候发", "When is the certificate sent?", ""]
)
async def test_what_is_no_such_question_gives_way_to_the_rules(
    model: LanguageModel, server: OpenAIServer, said: str
) -> None:
    server.script(Turn(text=said))
    assert await Drafting(model).draft("老师好，证书什么时候发") == "证书什么时候发"


async def test_what_the_model_leaves_of_the_asker_is_taken_out(
    model: LanguageModel, server: OpenAIServer
) -> None:
    server.script(Turn(text="我叫小明，我的证书什么时候发？"))
    drafted = await Drafting(model).draft("我叫小明，证书什么时候发？", names=["小明"])
    assert drafted == "证书什么时候发？"
