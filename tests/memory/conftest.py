"""Everything about memory holds on the packaged Valkey and, where it is installed, on redis-server."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from memory.embedded import EmbeddedServer
from memory.program import find_program


@pytest.fixture(scope="session", params=["valkey", "redis"])
def program(request: pytest.FixtureRequest) -> Path:
    if request.param == "valkey":
        return find_program()
    if installed := shutil.which("redis-server"):
        return Path(installed)
    pytest.skip("redis-server is not installed")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(program: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = EmbeddedServer(tmp_path_factory.mktemp("data"), program)
    yield await server.start()
    await server.stop()
