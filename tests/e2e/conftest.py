"""What the browser tests share; one browser serves them all, so they run on the session's event loop."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.browser import chromium


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
