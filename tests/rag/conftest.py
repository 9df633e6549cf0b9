"""A small course on disk, what indexes it, and a model server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.indexer import Indexer
from rag.sources.files import FilesSource
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.recording_embedder import RecordingEmbedder

_COURSE = {
    "deploy.md": "# 模型部署\n## 量化\n用 `lmdeploy lite auto_awq` 做 W4A16 量化，显存占用会降低。\n"
    "## 端口转发\n在本地终端运行 ssh -CNg -L 7860:127.0.0.1:7860，再打开浏览器。\n",
    "finetune.md": "# Fine-tuning\n## LoRA\nxtuner trains low-rank adapters; the base weights stay frozen.\n"
    "## 合并\n训练结束后把适配器合并进原模型。\n",
    "qa.csv": "问题,答案\n怎么申请结营证书？,完成全部关卡后在问卷里申请。\n"
    "开发机掉线了怎么办？,重新启动开发机。\n",
}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    for name, text in _COURSE.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the index versions lie."""
    return tmp_path / "index"


@pytest.fixture
def embedder() -> RecordingEmbedder:
    return RecordingEmbedder()


@pytest.fixture
def indexer(course: Path, directory: Path, embedder: RecordingEmbedder) -> Indexer:
    return Indexer([FilesSource("course", course)], embedder, directory)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer) -> OpenAIServer:
    running.reset()
    return running
