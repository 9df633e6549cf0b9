"""Texts become unit vectors: by the built-in embedder, and by a real sentence-transformers model."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag import index
from rag.embedder import HashedEmbedder, SentenceTransformerEmbedder
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from rag.types import EmbedderUnavailable

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model", "weights", "量", "化", "显", "存"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two thousand weights, untrained but complete, saved as the library saves them."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizer

    bert, whole = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("model") / "tiny"
    (bert / "vocab.txt").write_text("\n".join(_WORDS))
    BertTokenizer(vocab=str(bert / "vocab.txt")).save_pretrained(bert)
    config = BertConfig(
        vocab_size=len(_WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(bert)
    SentenceTransformer(str(bert), device="cpu").save(str(whole))
    return whole


def test_the_built_in_embedder_is_the_same_everywhere() -> None:
    vector = HashedEmbedder().query("lmdeploy 量化")
    assert vector.dtype == np.float32
    assert (
        np.flatnonzero(vector).tolist()
        == np.flatnonzero(HashedEmbedder().documents(["量化 lmdeploy"])[0]).tolist()
    )


def test_the_built_in_embedder_puts_like_texts_near_and_gives_nothing_for_nothing() -> None:
    embedder = HashedEmbedder()
    one, like, other = embedder.documents(["模型量化的显存", "量化后的显存占用", "ssh 端口转发"])
    assert one @ like > 0.3 > abs(one @ other)
    assert np.linalg.norm(one) == pytest.approx(1)
    assert not embedder.query("").any()


def test_a_model_in_a_folder_gives_unit_vectors(model: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(model))
    seen: list[tuple[str, int, int]] = []
    vectors = embedder.documents(["量化", "the model"] * 40, lambda *stage: seen.append(stage))
    assert vectors.shape == (80, embedder.dimension) == (80, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(80), abs=1e-5)
    assert embedder.query("量化") == pytest.approx(vectors[0], abs=1e-5)
    assert seen == [("embedding", 64, 80), ("embedding", 80, 80)]


def test_a_course_can_be_indexed_and_searched_with_a_model(model: Path, course: Path, versions: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(model))
    Indexer([FilesSource("course", course)], embedder, versions).refresh()
    searcher = Retriever(index.opened(versions, embedder.id), embedder)
    assert searcher.search("量化 显存").hits[0].passage.heading == "量化"


def test_two_models_in_folders_of_one_name_are_told_apart(model: Path, tmp_path: Path) -> None:
    copies = [shutil.copytree(model, tmp_path / place / model.name) for place in ("same", "trained")]
    weights = copies[1] / "model.safetensors"
    # As large as before: only what is in it differs.
    weights.write_bytes(weights.read_bytes()[:-64] + bytes(range(64)))
    one, same, trained = (SentenceTransformerEmbedder(str(path)).id for path in (model, *copies))
    assert one == same != trained
    assert one.startswith("tiny@")


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmbedderUnavailable, match=r"empty' cannot be loaded .* set EMBEDDING_MODEL"):
        SentenceTransformerEmbedder(str(tmp_path / "empty"))
