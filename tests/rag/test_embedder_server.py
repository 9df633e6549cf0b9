"""An embedding server answers, stumbles, refuses and dies; indexing is patient with it, a query is not."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import index
from rag.embedder import HashedEmbedder
from rag.embedding_server import ServerEmbedder
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from rag.types import EmbedderUnavailable
from tests.fakes.embeddings_server import CONTEXT, MOST, EmbeddingsServer, Turn

KEY = "sk-测试-secret"


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    with EmbeddingsServer() as server:
        yield server


@pytest.fixture
def waited() -> list[float]:
    """The seconds that were waited between tries."""
    return []


@pytest.fixture
def embedder(server: EmbeddingsServer, waited: list[float]) -> Iterator[ServerEmbedder]:
    embedder = ServerEmbedder(server.url, server.model, pause=waited.append)
    yield embedder
    embedder.close()


def test_texts_become_unit_vectors_in_their_own_order(
    server: EmbeddingsServer, embedder: ServerEmbedder
) -> None:
    texts = [f"第 {number} 关 " + "模型 " * (number % 7) for number in range(2 * MOST + 1)]
    seen: list[tuple[str, int, int]] = []
    vectors = embedder.documents(texts, lambda *stage: seen.append(stage))
    assert vectors == pytest.approx(HashedEmbedder().documents(texts), abs=1e-6)
    assert embedder.query(texts[3]) == pytest.approx(vectors[3], abs=1e-6)
    assert seen == [("embedding", 32, 65), ("embedding", 64, 65), ("embedding", 65, 65)]
    assert server.connections == 1


def test_a_server_may_send_base64(embedder: ServerEmbedder, server: EmbeddingsServer) -> None:
    server.encoding = "base64"
    assert embedder.documents(["量化"]) == pytest.approx(HashedEmbedder().documents(["量化"]), abs=1e-6)


def test_the_id_is_the_models_wherever_it_is_served(embedder: ServerEmbedder) -> None:
    with EmbeddingsServer() as replica:
        other = ServerEmbedder(f"{replica.url}/v1/", replica.model)
        assert other.id == embedder.id == "openai:bge-m3/256"
        other.close()


def test_a_course_is_indexed_and_searched(embedder: ServerEmbedder, course: Path, directory: Path) -> None:
    Indexer([FilesSource("course", course)], embedder, directory).refresh()
    searcher = Retriever(index.opened(directory, embedder.id), embedder)
    assert searcher.search("量化 显存").hits[0].passage.heading == "量化"


def test_indexing_waits_for_a_busy_server_as_long_as_it_asks(
    server: EmbeddingsServer, embedder: ServerEmbedder, waited: list[float]
) -> None:
    assert embedder.dimension == 256
    server.script(Turn(429, retry_after="7"), Turn(503), Turn(fault="cut"), Turn(500, retry_after="1e9"))
    assert embedder.documents(["量化"]).any()
    assert waited == [7, 2, 4, 8]


def test_a_server_that_stays_down_is_named(
    server: EmbeddingsServer, embedder: ServerEmbedder, waited: list[float]
) -> None:
    assert embedder.dimension == 256
    server.script(*[Turn(503, "the model is loading")] * 6)
    with pytest.raises(
        EmbedderUnavailable, match=rf"at {server.url}/v1 answered HTTP 503: the model is load"
    ):
        embedder.documents(["量化"])
    assert waited == [1, 2, 4, 8, 16]


def test_a_query_does_not_wait_for_a_server_that_hangs(
    server: EmbeddingsServer, embedder: ServerEmbedder
) -> None:
    assert embedder.dimension == 256
    server.script(Turn(fault="hang"))
    before = time.monotonic()
    with pytest.raises(EmbedderUnavailable, match=r"did not answer in time.*EMBEDDING_BASE_URL"):
        embedder.query("量化")
    assert time.monotonic() - before < 5


def test_a_server_that_is_not_there_is_named_at_once() -> None:
    with EmbeddingsServer() as gone:
        url = gone.url
    embedder = ServerEmbedder(url.replace("//", "//user:word@"), "bge-m3")
    with pytest.raises(EmbedderUnavailable, match=rf"^the embedding server at {url}/v1 cannot be reached"):
        embedder.documents(["量化"])
    embedder.close()


def test_a_text_too_long_for_the_model_is_embedded_by_its_ends(
    server: EmbeddingsServer, embedder: ServerEmbedder
) -> None:
    long = "ssh 端口转发 " + "填充 " * CONTEXT + "CUDA out of memory"
    vectors = embedder.documents(["量化", long, "部署"])
    assert vectors[0] @ HashedEmbedder().query("量化") == pytest.approx(1)
    assert vectors[2] @ HashedEmbedder().query("部署") == pytest.approx(1)
    taken = max((text for texts in server.asked for text in texts), key=len)
    assert taken.startswith("ssh 端口转发")
    assert taken.endswith("CUDA out of memory")


def test_a_server_that_refuses_everything_is_not_asked_for_ever(
    server: EmbeddingsServer, embedder: ServerEmbedder
) -> None:
    server.script(*[Turn(400, '{"error": "embeddings are\\nswitched off"}')] * 20)
    with pytest.raises(EmbedderUnavailable, match=r"refuses even a short text: answered HTTP 400: .* off"):
        embedder.documents(["量化" * 100] * 3)
    assert len(server.asked) < 10


@pytest.mark.parametrize("key", ["", "sk-other", "sk-two\nlines"])
def test_a_refused_key_is_said_and_not_shown(server: EmbeddingsServer, key: str) -> None:
    server.key = KEY
    embedder = ServerEmbedder(server.url, server.model, key)
    with pytest.raises(EmbedderUnavailable, match="the key") as caught:
        embedder.query("量化")
    assert not key or key not in str(caught.value)
    assert "\n" not in str(caught.value)
    embedder.close()


def test_a_key_is_sent_as_it_is_and_never_repeated(server: EmbeddingsServer) -> None:
    server.key = "sk-secret"
    embedder = ServerEmbedder(server.url, server.model, server.key)
    assert embedder.query("量化").any()
    server.script(Turn(418, "no tea for sk-secret"))
    with pytest.raises(EmbedderUnavailable, match=r"HTTP 418: no tea for …$"):
        embedder.query("量化")
    embedder.close()


def test_an_unknown_model_names_the_setting(server: EmbeddingsServer) -> None:
    embedder = ServerEmbedder(server.url, "bge-m4")
    with pytest.raises(EmbedderUnavailable, match=r"knows no model 'bge-m4'.*EMBEDDING_MODEL"):
        embedder.query("量化")
    embedder.close()


@pytest.mark.parametrize(
    "turn",
    [
        Turn(fault="fewer"),
        Turn(fault="null"),
        *(Turn(body=body, fault="garbage") for body in ("<p>", "[]", "7")),
    ],
)
def test_what_is_no_embedding_is_not_taken_for_one(
    server: EmbeddingsServer, embedder: ServerEmbedder, turn: Turn
) -> None:
    assert embedder.dimension == 256
    server.script(turn)
    with pytest.raises(EmbedderUnavailable, match="no embedding of 1 texts"):
        embedder.query("量化")


def test_vectors_of_another_model_are_not_mixed_in(
    server: EmbeddingsServer, embedder: ServerEmbedder
) -> None:
    assert embedder.dimension == 256
    server.script(Turn(fault="wider"))
    with pytest.raises(EmbedderUnavailable, match="257 numbers a text, not 256"):
        embedder.documents(["量化"])


def test_texts_that_no_server_takes_are_made_fit(embedder: ServerEmbedder) -> None:
    assert embedder.documents(["", " \n", "\ud800量化\x00"]).shape == (3, 256)


def test_many_threads_may_ask_at_once(embedder: ServerEmbedder) -> None:
    texts = [f"第 {number} 关" for number in range(20)]
    found = dict.fromkeys(texts, np.zeros(256, np.float32))
    threads = [
        threading.Thread(target=lambda text=text: found.update({text: embedder.query(text)}))
        for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.stack([*found.values()]) == pytest.approx(HashedEmbedder().documents(texts), abs=1e-6)
