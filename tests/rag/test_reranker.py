"""A cross-encoder reads the best passages once more; where it fails, the search stands."""

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import ArrayLike

from rag import index
from rag.embedder import cross_encoder
from rag.indexer import Indexer
from rag.reranker import CrossEncoderReranker, Reranker, RerankerUnavailable
from rag.retriever import Retriever
from tests.fakes.recording_embedder import RecordingEmbedder

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"量化显存合并端口转发"]


def saved(folder: Path, outputs: int) -> Path:
    """A cross-encoder of a few thousand weights, untrained but complete."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(_WORDS))
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(_WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        id2label={number: str(number) for number in range(outputs)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoderReranker:
    folder = saved(tmp_path_factory.mktemp("models") / "one", 1)
    return CrossEncoderReranker(cross_encoder(str(folder)))


class Preferring:
    """Reads for one word, or fails; `read` holds how many texts it was given each time."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.failing = False
        self.read: list[int] = []

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        self.read.append(len(texts))
        if self.failing:
            raise RerankerUnavailable("it is out of memory")
        return [0.9 if self.word in text else 0.1 for text in texts]


@pytest.fixture
def opened(indexer: Indexer, directory: Path, embedder: RecordingEmbedder) -> index.Index:
    indexer.refresh()
    return index.opened(directory, embedder.id)


def found(opened: index.Index, reranker: Reranker | None, query: str) -> list[str]:
    hits = Retriever(opened, RecordingEmbedder(), reranker).search(query).hits
    return [hit.passage.heading for hit in hits]


def test_a_model_from_a_folder_gives_each_text_a_probability(model: CrossEncoderReranker) -> None:
    scores = model.scores("量化", ["量化 显存", "合并", "", "端口" * 5000])
    assert len({round(score, 9) for score in scores}) > 1
    assert all(0 <= score <= 1 for score in scores)


def test_hits_come_in_the_models_order(opened: index.Index, model: CrossEncoderReranker) -> None:
    hits = Retriever(opened, RecordingEmbedder(), model).search("量化 显存 合并 端口").hits
    texts = ["\n".join((*hit.passage.heading_path, hit.passage.text)) for hit in hits]
    scores = model.scores("量化 显存 合并 端口", texts)
    assert [*scores] == sorted(scores, reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-5)


def test_a_model_with_several_outputs_is_no_reranker(tmp_path: Path) -> None:
    model = CrossEncoderReranker(cross_encoder(str(saved(tmp_path / "two", 2))))
    with pytest.raises(RerankerUnavailable, match="one output"):
        model.scores("量化", ["量化", "合并"])


class Overflown:
    """A model whose weights are too large for their type: one of its values is no number."""

    def predict(
        self,
        inputs: Sequence[tuple[str, str]],
        *,
        batch_size: int,
        show_progress_bar: bool,
        activation_fn: Callable[[Any], Any],
    ) -> ArrayLike:
        return [math.nan, *[0.5] * (len(inputs) - 1)]


def test_a_model_that_gives_a_text_no_number_leaves_the_search_as_it_was(opened: index.Index) -> None:
    model = CrossEncoderReranker(Overflown())
    with pytest.raises(RerankerUnavailable, match="no finite value"):
        model.scores("量化", ["量化", "合并"])
    assert found(opened, model, "量化 合并") == found(opened, None, "量化 合并")


def test_the_reranker_reads_what_the_search_found(opened: index.Index) -> None:
    assert found(opened, None, "量化 合并")[0] == "量化"
    assert found(opened, Preferring("适配器"), "量化 合并")[0] == "合并"


def test_a_verified_question_stays_first_whatever_the_reranker_says(opened: index.Index) -> None:
    assert found(opened, Preferring("重新启动"), "怎么申请结营证书")[0] == "怎么申请结营证书？"


def test_only_the_first_hits_are_read_and_the_others_follow(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    (course / "many.md").write_text("".join(f"# 量化 {n}\n量化{'甲乙丙丁'[n % 4]}{n}\n" for n in range(50)))
    indexer.refresh()
    reranker = Preferring("甲")
    hits = Retriever(index.opened(directory, embedder.id), embedder, reranker).search("量化", 40).hits
    assert reranker.read == [30]
    assert len(hits) == 40
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_reranker_that_fails_leaves_the_search_as_it_was_and_is_named_once(
    opened: index.Index, caplog: pytest.LogCaptureFixture
) -> None:
    reranker = Preferring("适配器")
    searcher = Retriever(opened, RecordingEmbedder(), reranker)
    reranker.failing = True
    with caplog.at_level(logging.WARNING):
        first = [searcher.search("量化 合并").hits[0].passage.heading for _ in range(3)]
    assert (first, len(caplog.records)) == (["量化"] * 3, 1)
    reranker.failing = False
    assert searcher.search("量化 合并").hits[0].passage.heading == "合并"
