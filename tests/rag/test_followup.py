"""Which questions lean on what was said before, what they become, and where they are sought."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from rag import index
from rag.followup import followed
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.types import Followup
from tests.fakes.recording_embedder import RecordingEmbedder

FIRST = "How much memory does the 7B model need on one card?"
BOX = "我的电脑是 Windows，只有 8G 内存"

# Two tools with the same chores: which one is meant, only the conversation says.
TOOLS = {
    "kiln.md": "# Kiln\n## Kiln 怎么安装\npip install kiln\n## 启动服务\nkiln up\n## 卸载\nkiln remove\n",
    "loom.md": "# Loom\n## Loom 怎么安装\npip install loom\n## 启动服务\nloom up\n## 卸载\nloom remove\n",
    "faq.csv": "问题,答案\nLoom 报告在哪里下载？,在个人页。\nLoom 报告多久更新？,每天。\n",
}


@dataclass(frozen=True)
class Said:
    question: str
    answer: str = "…"
    at: float = 0.0


@pytest.fixture
def tools(indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder) -> Retriever:
    for name, text in TOOLS.items():
        (course / name).write_text(text, "utf-8")
    indexer.refresh()
    return Retriever(index.opened(directory, embedder.id), embedder)


def found(searcher: Retriever, question: str, *earlier: str) -> list[str]:
    asked = followed(question, earlier)
    hits = searcher.search(asked.text, followup=asked).hits
    return [f"{hit.passage.path} {hit.passage.heading}" for hit in hits]


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
        "能关掉吗",
        "what about int8?",
        "and on windows?",
        "does it run on a Mac?",
        "why?",
    ],
)
def test_a_follow_up_is_joined_to_its_question(question: str) -> None:
    assert followed(question, [FIRST]).text == f"{FIRST} {question}"


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
    assert followed(question, [FIRST]).text == question


def test_without_a_history_nothing_changes() -> None:
    assert followed("那 20B 呢", []) == Followup("那 20B 呢", "那 20B 呢")


def test_nothing_said_leans_on_nothing() -> None:
    assert followed(" ", [FIRST]).text == " "


def test_a_second_follow_up_skips_the_first() -> None:
    assert followed("13B呢", ["Where to hand in?", FIRST, "那 20B 呢"]).text == f"{FIRST} 13B呢"


def test_follow_ups_of_nothing_lean_on_the_oldest_at_hand() -> None:
    assert followed("13B呢", ["1B呢", "7B呢"]).text == "1B呢 13B呢"


@pytest.mark.parametrize("question", ["我能跑 7B 模型吗", "那我这台装哪个版本", "适合我吗"])
def test_who_asks_about_themself_is_asked_for_with_what_they_told(question: str) -> None:
    asked = followed(question, [BOX, FIRST])
    assert (asked.facts, asked.after) == ((BOX,), (FIRST,))
    assert asked.text.startswith(BOX)


@pytest.mark.parametrize(
    "question", ["怎么启动 api_server 服务", "我想问下怎么启动服务", "how do i start it"]
)
def test_what_they_told_stays_out_of_other_questions(question: str) -> None:
    asked = followed(question, [BOX, FIRST])
    assert (asked.facts, asked.after) == ((), (FIRST,))


def test_what_points_back_at_a_fact_alone_means_it() -> None:
    told = "I have a box with two old cards"
    assert followed("can kiln be installed on it?", [told]).text == f"{told} can kiln be installed on it?"


def test_a_problem_or_a_wish_is_a_question_and_no_fact() -> None:
    earlier = ["我的服务启动报错了", "我想让它快一点"]
    assert followed("能再详细点吗", earlier).after == tuple(earlier)


def test_facts_that_are_remembered_count_like_those_in_the_messages() -> None:
    assert followed("我能跑吗", [FIRST], [BOX]).facts == (BOX,)


@pytest.mark.parametrize(
    ("fact", "question", "stays"),
    [
        ("我用的是 3060", "我用的是 4090，能跑 7B 吗", False),
        ("我用的是 3060 12G", "我的 3060 能跑 7B 吗", True),
        ("我用的是 3060", "我的显卡能跑 20B 吗", True),
        ("我用的是 3060", "我用 Windows 能装吗", True),
        ("我用的是 Ubuntu 20.04", "我用 Windows 能装吗", False),
        ("我是第四期的", "我是第三期的，作业在哪", False),
        ("my cuda is 11.8", "will it work on my cuda 12.4", False),
    ],
)
def test_a_fact_of_which_the_question_tells_the_newer_stays_out(
    fact: str, question: str, stays: bool
) -> None:
    assert (followed(question, [], [fact]).facts == (fact,)) is stays


def test_of_a_long_history_the_latest_messages_are_looked_at() -> None:
    assert followed("它能跑吗", [BOX, *[FIRST] * 500]).facts == ()


@pytest.mark.parametrize("tool", ["kiln", "loom"])
def test_a_question_is_sought_where_the_conversation_is(tools: Retriever, tool: str) -> None:
    assert found(tools, "那怎么卸载", f"{tool} 怎么安装")[0] == f"{tool}.md 卸载"


def test_a_new_subject_is_found_at_once(tools: Retriever) -> None:
    assert found(tools, "7860 端口怎么用 ssh 转发", "kiln 怎么安装")[0] == "deploy.md 端口转发"


def test_what_fits_a_short_question_alone_is_not_lost(tools: Retriever) -> None:
    first, second, *_ = found(tools, "端口启动", "kiln 怎么安装")
    assert (first, second) == ("kiln.md 启动服务", "deploy.md 端口转发")


def test_the_same_answer_is_not_given_twice(tools: Retriever) -> None:
    first = "Loom 报告在哪里下载"
    assert found(tools, first)[0] == "faq.csv Loom 报告在哪里下载？"
    later = found(tools, "那报告下载完呢", first)
    assert later[-1] == "faq.csv Loom 报告在哪里下载？"


def test_who_asks_the_same_again_gets_it_again(tools: Retriever) -> None:
    first = "Loom 报告在哪里下载"
    assert found(tools, first, first)[0] == "faq.csv Loom 报告在哪里下载？"
