"""What the tests of whole processes share: a course folder with its command line, and one browser for all."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.browser import chromium
from tests.e2e.command_line import CommandLine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def browser_page(browser: Browser) -> AsyncIterator[Page]:
    """A page of someone who has not been here before and reads Chinese."""
    context = await browser.new_context(locale="zh-CN")
    yield await context.new_page()
    await context.close()


@pytest.fixture
def puyu(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a course folder that has been indexed."""
    puyu = CommandLine(tmp_path_factory.mktemp("built"))
    assert puyu("index").status == 0
    return puyu.folder / "data"


@pytest.fixture
def indexed(puyu: CommandLine, built: Path) -> CommandLine:
    shutil.copytree(built, puyu.folder / "data")
    return puyu
