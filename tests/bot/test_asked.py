"""Commands that ask something are answered as questions: /ask, a deep link's topic, more detail."""

from base64 import urlsafe_b64encode

import pytest
from redis.asyncio import Redis

from bot.commands import Commands
from memory.base import Turn
from tests.fakes.staffed import student_commands

TURNS = (
    Turn("telegram:42:1", "怎么量化\n🖼 ×1", "…", 0),
    Turn("telegram:42:2", "how to serve", "…", 1),
    Turn("telegram:42:3", "3.11", "…", 2),
)


@pytest.fixture
def commands(client: Redis) -> Commands:
    return student_commands(client)


def chinese(topic: str) -> str:
    """The payload of a deep link to this topic."""
    return urlsafe_b64encode(topic.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("/ask 怎么安装", "怎么安装"),
        ("／问 怎么安装\n在 Windows 上", "怎么安装\n在 Windows 上"),
        ("/start lmdeploy_quantization", "lmdeploy quantization"),
        ("/start lesson-1__kv-cache", "lesson 1 kv cache"),
        (f"/start {chinese('量化怎么做？')}", "量化怎么做？"),
        (f"/start {chinese('LMDeploy 部署')}\n用两张卡", "LMDeploy 部署\n用两张卡"),
        ("/start 作业怎么交", "作业怎么交"),
        ("/more telegram:42:1", "怎么量化\n🖼 ×1（请讲得更详细，分步骤说明）"),
        ("/more telegram:42:2", "how to serve (please explain in more detail, step by step)"),
        ("/more telegram:42:3", "3.11（请讲得更详细，分步骤说明）"),
    ],
)
def test_what_a_command_asks_is_a_question_and_no_command(
    commands: Commands, text: str, question: str
) -> None:
    assert commands.question(text, TURNS, "", "zh") == question
    assert not commands.knows(text)


def test_a_lone_ask_asks_what_it_quotes(commands: Commands) -> None:
    assert commands.question("/ask", (), " ModuleNotFoundError ", "zh") == "ModuleNotFoundError"
    assert commands.question("/ask 这是什么", (), "ModuleNotFoundError", "zh") == "这是什么"


def test_a_lone_ask_may_come_with_a_picture_that_says_it_all(commands: Commands) -> None:
    assert commands.question("/ask", (), "", "zh", attached=True) == ""
    assert commands.question("/start", (), "", "zh", attached=True) is None


def test_more_of_what_was_more_already_is_asked_once(commands: Commands) -> None:
    for language in ("zh", "en"):
        once = commands.question("/more telegram:42:3", TURNS, "", language)
        again = [Turn("telegram:press:9", once or "", "…", 3)]
        assert commands.question("/more telegram:press:9", again, "", language) == once


def test_more_alone_means_the_last_answer(commands: Commands) -> None:
    assert commands.question("/more", TURNS, "", "zh") == "3.11（请讲得更详细，分步骤说明）"


@pytest.mark.parametrize(
    "text", ["/ask", "/start", "/start ___", "/more telegram:42:9", "/help ask", "/again 1", "how"]
)
def test_what_asks_nothing_is_no_question(commands: Commands, text: str) -> None:
    assert commands.question(text, TURNS, "", "zh") is None


def test_a_word_that_looks_like_base64_stays_a_word(commands: Commands) -> None:
    for word in ("internlm2", "6abc", "aG93", chinese("量\n化"), "a" * 64):
        assert commands.question(f"/start {word}", (), "", "zh") == word
