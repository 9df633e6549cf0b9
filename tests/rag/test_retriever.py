"""Search finds the section that was meant and says whether the query is ours, whatever is typed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from memory.base import ApprovedPair
from rag import index
from rag.embedder import Vectors
from rag.indexer import Indexer
from rag.lexical import Lexical
from rag.relevance import GROUNDS
from rag.retriever import Retriever
from rag.sources import DocumentSource
from rag.sources.approved import ApprovedSource
from rag.sources.files import FilesSource
from rag.types import EmbedderUnavailable, IndexUnavailable, Progress
from tests.fakes.recording_embedder import RecordingEmbedder


@pytest.fixture
def searcher(indexer: Indexer, directory: Path, embedder: RecordingEmbedder) -> Retriever:
    indexer.refresh()
    return Retriever(index.opened(directory, embedder.id), embedder)


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
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    (course / "loud.md").write_text("# 怎么停止生成 怎么停止生成\n" + "怎么停止生成，停止生成。" * 30)
    (course / "faq.md").write_text("# 怎么停止生成？\n按 Ctrl+C。\n")
    indexer.refresh()
    found = Retriever(index.opened(directory, embedder.id), embedder).search("怎么停止生成")
    assert found.hits[0].passage.text == "按 Ctrl+C。"
    assert (found.relevance, found.ours) == (1.0, True)


def test_a_section_is_found_once_by_its_best_part(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    parts = [f"{word} " + "量化 " * 300 for word in ("alpha", "beta", "gamma")]
    (course / "long.md").write_text("# 长\n" + "\n\n".join(parts))
    indexer.refresh()
    hits = Retriever(index.opened(directory, embedder.id), embedder).search("量化 beta").hits
    long = [hit.passage for hit in hits if hit.passage.heading == "长"]
    assert ["beta" in one.text for one in long] == [True]


def test_a_section_of_very_many_parts_crowds_out_no_other(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    (course / "long.md").write_text("# 量化\n" + "\n\n".join("量化 " * 300 for _ in range(200)))
    indexer.refresh()
    hits = Retriever(index.opened(directory, embedder.id), embedder).search("量化", 2).hits
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


def test_vectors_rank_what_shares_no_words_when_they_have_a_part(
    searcher: Retriever, directory: Path
) -> None:
    model = RecordingEmbedder(share=0.5, means={"gel": "adapters low-rank frozen weights"})
    bridged = Retriever(index.opened(directory, "recording"), model)
    assert headings(searcher, "gel") == []
    assert headings(bridged, "gel")[0] == "LoRA"


def test_a_new_version_is_searched_once_it_is_given(
    searcher: Retriever, indexer: Indexer, course: Path, directory: Path
) -> None:
    (course / "new.md").write_text("# 智能体\nLagent 调用工具。\n")
    indexer.refresh()
    assert headings(searcher, "lagent") == []
    searcher.use(index.opened(directory, "recording"))
    assert (headings(searcher, "lagent"), searcher.version) == (["智能体"], "v0002")


def test_many_threads_search_while_versions_change(
    searcher: Retriever, indexer: Indexer, directory: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(headings, searcher, "量化 显存") for _ in range(200)]
        for _ in range(5):
            indexer.refresh(force=True)
            searcher.use(index.opened(directory, "recording"))
    assert {one.result()[0] for one in found} == {"量化"}


LESSON = "\n".join(
    f"第 {n} 步：打开终端，输入 make step{n} 并等它结束，然后看第 {n} 行输出。" for n in range(20)
)
CAMPS = {
    "camp1": {"steps.md": f"# 分步安装\n{LESSON}\n", "spring.md": "# 缓存比例\n缓存比例设为 0.8。\n"},
    "camp2": {"steps.md": f"# 分步安装\n{LESSON}完。\n", "autumn.md": "# 缓存比例\n缓存的比例请设成 0.4。\n"},
}


@pytest.fixture
def camps(tmp_path: Path) -> Retriever:
    """Two camps; one lesson is in both."""
    sources = []
    for camp, files in CAMPS.items():
        folder = tmp_path / camp
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        sources.append(FilesSource(camp, folder, cohort=camp))
    embedder = RecordingEmbedder()
    Indexer(sources, embedder, tmp_path / "camps").refresh()
    return Retriever(index.opened(tmp_path / "camps", embedder.id), embedder)


def cohorts(searcher: Retriever, query: str, cohort: str = "") -> list[str]:
    return [hit.passage.cohort for hit in searcher.search(query, cohort=cohort).hits]


def test_a_lesson_that_is_repeated_is_found_once(camps: Retriever) -> None:
    assert len(cohorts(camps, "分步安装 step7")) == 1


@pytest.mark.parametrize("cohort", ["camp1", "camp2"])
def test_of_a_lesson_that_is_repeated_the_askers_own_is_found(camps: Retriever, cohort: str) -> None:
    assert cohorts(camps, "分步安装 step7", cohort) == [cohort]


@pytest.mark.parametrize("cohort", ["camp1", "camp2"])
def test_the_askers_cohort_is_first_among_near_equals_and_the_other_is_named(
    camps: Retriever, cohort: str
) -> None:
    own, other, *_ = cohorts(camps, "缓存比例是多少", cohort)
    assert (own, {own, other}) == (cohort, {"camp1", "camp2"})


def test_what_fits_clearly_better_is_first_though_it_is_another_cohorts(camps: Retriever) -> None:
    assert cohorts(camps, "缓存比例 0.8", "camp2")[0] == "camp1"


def test_the_askers_copy_that_fits_much_worse_stays_behind_anothers(tmp_path: Path) -> None:
    for camp, mended in (("camp1", "先喂斑马"), ("camp2", "")):
        (tmp_path / camp).mkdir()
        (tmp_path / camp / "steps.md").write_text(f"# 分步安装\n{LESSON[:500]}{mended}\n")
    for number in range(9):
        (tmp_path / "camp1" / f"{number}.md").write_text(f"# 斑马\n斑马第 {number} 次喝水。\n")
    sources = [FilesSource(camp, tmp_path / camp, cohort=camp) for camp in CAMPS]
    Indexer(sources, RecordingEmbedder(), tmp_path / "camps").refresh()
    searcher = Retriever(index.opened(tmp_path / "camps", "recording"), RecordingEmbedder())
    assert cohorts(searcher, "斑马第几次喝水", "camp2") == ["camp1"] * 10


def test_an_unknown_cohort_changes_nothing(camps: Retriever) -> None:
    for query in ("分步安装 step7", "缓存比例"):
        assert cohorts(camps, query, "camp9") == cohorts(camps, query)


@pytest.mark.parametrize(
    "query", ["怎么申请结营证书", "请问怎么申请结营证书呀？", "老师好，如何申请结营证书呢，谢谢"]
)
def test_a_verified_question_asked_politely_is_first_and_certain(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder, query: str
) -> None:
    (course / "loud.md").write_text(
        "# 老师好 请问 谢谢 申请 结营证书\n" + "请问老师，申请结营证书。谢谢！" * 9
    )
    indexer.refresh()
    found = Retriever(index.opened(directory, embedder.id), embedder).search(query)
    assert (found.hits[0].passage.kind, found.relevance, found.ours) == ("qa", 1.0, True)


def test_what_the_staff_approved_is_before_what_the_documents_say_to_the_same_question(
    course: Path, tmp_path: Path, embedder: RecordingEmbedder
) -> None:
    pair = ApprovedPair("desk-1", "怎么申请结营证书？", "发邮件。", "王老师", 1e9)
    sources: list[DocumentSource] = [FilesSource("course", course), ApprovedSource(lambda: [pair])]
    Indexer(sources, embedder, tmp_path / "both").refresh()
    found = Retriever(index.opened(tmp_path / "both", embedder.id), embedder).search("如何申请结营证书呢")
    assert [hit.passage.document_id.partition("/")[0] for hit in found.hits[:2]] == ["approved", "course"]


def test_a_question_with_another_number_is_not_certain(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    (course / "faq.csv").write_text("问题,答案\n7B模型需要多大的显存来部署？,16 GB。\n")
    indexer.refresh()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    assert searcher.search("请问7B模型需要多大的显存来部署").relevance == 1
    assert searcher.search("请问20B模型需要多大的显存来部署").relevance < 1


_ERRORS = {
    "a.md": "# 显存不足\n报错 `CUDA out of memory` 时把 batch size 调小。\n",
    "a2.md": "# 内存\nCUDA 程序退出后内存会归还，out 目录里有日志。\n",
    "b.md": "# 缺少依赖\n`ModuleNotFoundError: No module named 'flash_attn'`：先安装它。\n",
    "b2.md": "# 模块\n一个 Python 模块 (module) 是一个文件，named tuple 也在其中。\n",
    "c.md": "# 显存占用\n用 --cache-max-entry-count 0.2 限制缓存。\n",
    "c2.md": "# 缓存\ncache 的 entry 数没有 max，count 由系统统计。\n",
    "d.md": "# 模型路径\n模型在 /home/student/models/internlm2_5-7b-chat 里。\n",
    "d2.md": "# 其他模型\ninternlm2-chat-7b 与 internlm2_5-20b-chat 也在。\n",
    "e.md": "# 进程被杀\n`exit code 137` 表示内存不够，进程被系统杀掉。\n",
    "e2.md": "# 退出\n输入 exit 退出编辑器，它有 136 个插件。\n",
    "f.md": "# 训练入口\n`train.py` 的 main 调用 runner.train，再调用 model.train_step 与 loss.backward。\n",
}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("CUDA out of memory", "a.md"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "a.md"),
        ("ModuleNotFoundError: No module named 'flash_attn' 咋办", "b.md"),
        ("--cache-max-entry-count", "c.md"),
        ("cache-max-entry-count 是干嘛的", "c.md"),
        ("internlm2_5-7b-chat", "d.md"),
        ("找不到 models/internlm2_5-7b-chat", "d.md"),
        ("process finished with exit code 137", "e.md"),
        (
            "训练报错了\nTraceback (most recent call last):\n"
            + '  File "/opt/train.py", line 9, in main\n    runner.train(model.train_step, loss.backward)\n'
            * 9
            + '  File "/opt/runner.py", line 40, in train\n    import flash_attn\n'
            "ModuleNotFoundError: No module named 'flash_attn'",
            "b.md",
        ),
        ("[info] train.py main\n[info] runner.train\nRuntimeError: CUDA out of memory", "a.md"),
    ],
)
def test_errors_commands_and_identifiers_are_found_as_such(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder, query: str, path: str
) -> None:
    for name, text in _ERRORS.items():
        (course / name).write_text(text)
    indexer.refresh()
    hits = Retriever(index.opened(directory, embedder.id), embedder).search(query).hits
    assert hits[0].passage.path == path


class Unreachable:
    """An embedding server that is down until it is `up`."""

    id, dimension, share = "recording", 256, 0.5
    up = False

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return RecordingEmbedder().documents(texts, progress)

    def query(self, text: str) -> Vectors:
        if not self.up:
            raise EmbedderUnavailable("connection refused")
        return RecordingEmbedder().query(text)


def test_while_the_embedder_is_down_the_words_are_searched_and_the_log_says_so_once(
    indexer: Indexer, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    indexer.refresh()
    embedder = Unreachable()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    for embedder.up, told in ((False, 1), (True, 1), (False, 2)):
        assert [headings(searcher, "怎么合并适配器")[0] for _ in range(3)] == ["合并"] * 3
        assert [record.message.count("connection refused") for record in caplog.records] == [1] * told


@dataclass
class Overflown(RecordingEmbedder):
    """A model that gives no numbers for the queries, or for the first of the documents."""

    of_queries: bool

    def __post_init__(self) -> None:
        super().__init__(share=0.5)

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = super().documents(texts, progress)
        vectors[: not self.of_queries] = np.nan
        return vectors

    def query(self, text: str) -> Vectors:
        return super().query(text) * np.float32(np.nan if self.of_queries else 1)


@pytest.mark.parametrize("of_queries", [True, False])
def test_a_vector_that_is_no_number_takes_nothing_from_what_the_words_find(
    course: Path, directory: Path, caplog: pytest.LogCaptureFixture, of_queries: bool
) -> None:
    embedder = Overflown(of_queries)
    Indexer([FilesSource("course", course)], embedder, directory).refresh()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    for query, heading in (("ssh 7860", "端口转发"), ("怎么合并适配器", "合并"), ("W4A16 量化", "量化")):
        assert headings(searcher, query)[0] == heading
    assert [record.message.count("not finite") for record in caplog.records] == [1] * of_queries


def test_a_bare_error_code_is_grounds_for_an_answer_to_who_asks(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    (course / "errors.md").write_text("# 报错\n## 机房\n看到 ERR_ZQX_4711 就重启开发机。\n")
    indexer.refresh()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    found = searcher.search("ERR_ZQX_4711")
    assert "ERR_ZQX_4711" in found.hits[0].passage.text
    assert found.relevance >= GROUNDS
    assert searcher.search("ERR_ABC_0815").relevance < GROUNDS


def test_damage_that_makes_no_number_is_said(
    indexer: Indexer, directory: Path, embedder: RecordingEmbedder
) -> None:
    indexer.refresh()
    opened = index.opened(directory, embedder.id)
    broken = replace(opened.segments[0].words, counts=np.full_like(opened.segments[0].words.counts, np.nan))
    opened.lexical = Lexical([broken], [opened.segments[0].grams])
    with pytest.raises(IndexUnavailable, match="damaged; run `puyu index`"):
        Retriever(opened, embedder).search("怎么量化显存")
