"""Texts become unit vectors: by the built-in embedder, and by a real sentence-transformers model."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag import index
from rag.embedder import HashedEmbedder, SentenceTransformerEmbedder, cross_encoder
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from rag.types import EmbedderUnavailable

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model", "weights", "量", "化", "显", "存"]

# What a program prints that asks a hub out of reach for models.
_ASKING = """
from rag.embedder import SentenceTransformerEmbedder, cross_encoder
from rag.types import EmbedderUnavailable
for load in (SentenceTransformerEmbedder, cross_encoder):
    try:
        load("nobody/nothing")
    except EmbedderUnavailable as error:
        print(error)
"""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of two thousand weights, untrained but complete."""
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(_WORDS))
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(_WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transformer with its pooling, as the library saves it."""
    from sentence_transformers import SentenceTransformer

    whole = tmp_path_factory.mktemp("model") / "tiny"
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


def test_a_course_can_be_indexed_and_searched_with_a_model(
    model: Path, course: Path, directory: Path
) -> None:
    embedder = SentenceTransformerEmbedder(str(model))
    Indexer([FilesSource("course", course)], embedder, directory).refresh()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    assert searcher.search("量化 显存").hits[0].passage.heading == "量化"


def test_two_models_in_folders_of_one_name_are_told_apart(model: Path, tmp_path: Path) -> None:
    copies = [shutil.copytree(model, tmp_path / place / model.name) for place in ("same", "trained")]
    weights = copies[1] / "model.safetensors"
    # As large as before: only what is in it differs.
    weights.write_bytes(weights.read_bytes()[:-64] + bytes(range(64)))
    one, same, trained = (SentenceTransformerEmbedder(str(path)).id for path in (model, *copies))
    assert one == same != trained
    assert one.startswith("tiny@")


def test_texts_of_all_lengths_and_both_languages_keep_their_places(model: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(model))
    texts = ["量化 the model " * (number % 9) + "显存" * (number % 5) for number in range(100)]
    alone = [embedder.documents([text])[0] for text in texts]
    assert embedder.documents(texts) == pytest.approx(np.stack(alone), abs=1e-5)
    assert embedder.documents([]).shape == (0, 16)


def test_many_threads_may_embed_at_once(model: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(model))
    # A tokenizer that cuts is changed by each call.
    texts = ["量化", "the model " * 2000] * 20
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(embedder.query, texts))
    assert np.stack(found[2:]) == pytest.approx(np.stack(found[:2] * 19), abs=1e-5)


@pytest.mark.parametrize("broken", ["config.json", "modules.json", "model.safetensors"])
def test_a_model_that_cannot_be_loaded_is_named(model: Path, tmp_path: Path, broken: str) -> None:
    folder = shutil.copytree(model, tmp_path / "broken")
    (folder / broken).write_text("{")
    with pytest.raises(EmbedderUnavailable, match=r"broken' cannot be loaded .* set EMBEDDING_MODEL"):
        SentenceTransformerEmbedder(str(folder))


def test_a_cross_encoder_in_a_folder_scores_pairs(bert: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    CrossEncoder(str(bert), num_labels=1, device="cpu").save_pretrained(str(tmp_path / "pairs"))
    scores = cross_encoder(str(tmp_path / "pairs")).predict([("量化", "显存"), ("the model", "weights")])
    assert scores.shape == (2,)


def test_a_cross_encoder_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"the reranker .* cannot be loaded .* set RERANKER_MODEL"):
        cross_encoder(str(tmp_path))


@pytest.mark.e2e
def test_a_hub_out_of_reach_is_not_waited_for() -> None:
    away = {"HF_ENDPOINT": "http://127.0.0.1:9", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", _ASKING], env=away, capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout.count("it is not on this machine, and http://127.0.0.1:9 is out of reach") == 2
    assert done.stderr == ""
