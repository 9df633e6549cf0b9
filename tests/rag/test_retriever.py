"""Search finds the section that was meant and says whether the query is ours, whatever is typed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag import index
from rag.indexer import Indexer
from rag.retriever import Retriever
from tests.fakes.recording_embedder import RecordingEmbedder


@pytest.fixture
def searcher(indexer: Indexer, versions: Path, embedder: RecordingEmbedder) -> Retriever:
    indexer.refresh()
    return Retriever(index.opened(versions, embedder.id), embedder)


def headings(searcher: Retriever, query: str) -> list[str]:
    return [hit.passage.heading for hit in searcher.search(query).hits]


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("量化后显存会少吗", "量化"),
        ("W4A16", "量化"),
        ("ＡＵＴＯ＿ＡＷＱ", "量化"),
        ("ssh 7860", "端口转发"),
        ("which weights are frozen", "LoRA"),
        ("怎么合并适配器", "合并"),
        ("怎么申请结营证书", "怎么申请结营证书？"),
        ("开发机掉线 咋办", "开发机掉线了怎么办？"),
    ],
)
def test_the_section_that_was_meant_comes_first(searcher: Retriever, query: str, heading: str) -> None:
    assert headings(searcher, query)[0] == heading


def test_a_question_that_stands_in_the_documents_is_first_and_certain(
    indexer: Indexer, course: Path, versions: Path, embedder: RecordingEmbedder
) -> None:
    (course / "loud.md").write_text("# 怎么停止生成 怎么停止生成\n" + "怎么停止生成，停止生成。" * 30)
    (course / "faq.md").write_text("# 怎么停止生成？\n按 Ctrl+C。\n")
    indexer.refresh()
    found = Retriever(index.opened(versions, embedder.id), embedder).search("怎么停止生成")
    assert found.hits[0].passage.text == "按 Ctrl+C。"
    assert (found.relevance, found.ours) == (1.0, True)


def test_a_section_is_found_once_by_its_best_part(
    indexer: Indexer, course: Path, versions: Path, embedder: RecordingEmbedder
) -> None:
    parts = [f"{word} " + "量化 " * 300 for word in ("alpha", "beta", "gamma")]
    (course / "long.md").write_text("# 长\n" + "\n\n".join(parts))
    indexer.refresh()
    hits = Retriever(index.opened(versions, embedder.id), embedder).search("量化 beta").hits
    long = [hit.passage for hit in hits if hit.passage.heading == "长"]
    assert ["beta" in one.text for one in long] == [True]


def test_a_section_of_very_many_parts_crowds_out_no_other(
    indexer: Indexer, course: Path, versions: Path, embedder: RecordingEmbedder
) -> None:
    (course / "long.md").write_text("# 量化\n" + "\n\n".join("量化 " * 300 for _ in range(200)))
    indexer.refresh()
    hits = Retriever(index.opened(versions, embedder.id), embedder).search("量化", 2).hits
    assert {hit.passage.path for hit in hits} == {"long.md", "deploy.md"}


def test_scores_fall_and_no_more_than_k_are_given(searcher: Retriever) -> None:
    hits = searcher.search("量化 合并 ssh 证书 weights", 3).hits
    scores = [hit.score for hit in hits]
    assert len(hits) == 3
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("query", ["", "   ", "\u200b\ufeff", "\n\t", "\ud800"])
def test_nothing_asked_finds_nothing(searcher: Retriever, query: str) -> None:
    found = searcher.search(query)
    assert (found.hits, found.relevance, found.ours) == ((), 0.0, False)


@pytest.mark.parametrize("query", ["量化" * 25_000, "a" * 50_000, "[" * 50_000, "\ud83d 量化 \x00", "😀？"])
def test_whatever_is_typed_is_answered_with_a_result(searcher: Retriever, query: str) -> None:
    found = searcher.search(query)
    assert found.query == query
    assert 0 <= found.relevance <= 1


@pytest.mark.parametrize(
    "query", ["lmdeploy auto_awq 做 W4A16 量化", "端口转发 ssh 7860 浏览器", "xtuner LoRA adapters"]
)
def test_the_courses_questions_are_ours(searcher: Retriever, query: str) -> None:
    assert searcher.search(query).ours


@pytest.mark.parametrize(
    "query", ["今天中午吃什么", "谢谢大家", "how are you today", "推荐一部电影吧", "哈哈哈哈"]
)
def test_everyday_talk_is_not_ours(searcher: Retriever, query: str) -> None:
    assert not searcher.search(query).ours


def test_vectors_rank_what_shares_no_words_when_they_have_a_part(searcher: Retriever, versions: Path) -> None:
    model = RecordingEmbedder(share=0.5, means={"gel": "adapters low-rank frozen weights"})
    bridged = Retriever(index.opened(versions, "recording"), model)
    assert headings(searcher, "gel") == []
    assert headings(bridged, "gel")[0] == "LoRA"


def test_a_new_version_is_searched_once_it_is_given(
    searcher: Retriever, indexer: Indexer, course: Path, versions: Path
) -> None:
    (course / "new.md").write_text("# 智能体\nLagent 调用工具。\n")
    indexer.refresh()
    assert headings(searcher, "lagent") == []
    searcher.use(index.opened(versions, "recording"))
    assert (headings(searcher, "lagent"), searcher.version) == (["智能体"], "v0002")


def test_many_threads_search_while_versions_change(
    searcher: Retriever, indexer: Indexer, versions: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(headings, searcher, "量化 显存") for _ in range(200)]
        for _ in range(5):
            indexer.refresh(force=True)
            searcher.use(index.opened(versions, "recording"))
    assert {one.result()[0] for one in found} == {"量化"}
