"""What the tests against LMDeploy share: the tiny model, one server of it, and our client of that."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rag.llm import LanguageModel
from tests.e2e.lmdeploy.servers import KEY, Server, api_server, running


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-model")
    subprocess.run([sys.executable, "-m", "tests.e2e.lmdeploy.tiny_model", str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def server(tiny_model: Path) -> Iterator[Server]:
    with running(api_server(tiny_model)) as [server]:
        yield server


@pytest.fixture
async def model(server: Server) -> AsyncIterator[LanguageModel]:
    model = LanguageModel([server.url], api_key=KEY)
    yield model
    await model.close()
