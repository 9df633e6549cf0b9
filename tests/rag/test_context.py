"""What was asked before moves the search only where the question needs it."""

from pathlib import Path

import pytest

from rag import index
from rag.followup import followed
from rag.indexer import Indexer
from rag.retriever import Retriever
from tests.fakes.recording_embedder import RecordingEmbedder

PAGE = "# {name} 手册\n\n## {name} 怎么安装\n\n用 pip 安装 {name}。\n\n## 启动服务\n\n运行 {name} up 启动。\n"


@pytest.fixture
def tools(indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder) -> Retriever:
    for name in ("kiln", "loom"):
        for number in range(4):
            (course / f"{name}{number}.md").write_text(
                PAGE.format(name=name) + f"\n第 {number} 版。\n", "utf-8"
            )
    indexer.refresh()
    return Retriever(index.opened(directory, embedder.id), embedder)


def first(searcher: Retriever, question: str, *earlier: str) -> str:
    asked = followed(question, earlier)
    return searcher.search(asked.text, followup=asked).hits[0].passage.path


def test_what_leans_is_sought_near_the_question_before(tools: Retriever) -> None:
    assert first(tools, "那怎么启动", "kiln 怎么安装").startswith("kiln")
    assert first(tools, "那怎么启动", "loom 怎么安装").startswith("loom")


def test_a_question_that_names_another_subject_is_sought_there(tools: Retriever) -> None:
    assert first(tools, "loom 怎么安装", "kiln 怎么安装", "kiln 启动服务").startswith("loom")


def test_subjects_stand_in_many_titles(
    tools: Retriever, directory: Path, embedder: RecordingEmbedder
) -> None:
    subjects = index.opened(directory, embedder.id).subjects
    assert {"kiln", "loom"} <= subjects
    assert "启动" not in subjects
