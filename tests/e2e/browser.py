"""A real browser, and a web application on a real port, for tests that look at pages as a student does."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect

from adapters.base import Message, Reply
from adapters.web import WebAdapter
from tests.fakes.scripted_bot import Place, Script, ScriptedBot

_CHROMIUM = "/usr/bin/chromium"
_PATIENCE_MS = 20_000  # a page of Gradio takes seconds on a busy machine
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


SOURCES = (
    Place("LMDeploy", "量化 <b>部署</b>", "/read/course/lmdeploy.md#quant", "a1b2c3d"),
    Place("Manual", "Install", "https://example.org/install"),
    Place("Trap", "Script", "javascript:alert(1)"),
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium; the test is skipped where there is none."""
    if shutil.which(_CHROMIUM) is None:
        pytest.skip(f"no browser: {_CHROMIUM} is missing (install the chromium package)")
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass(frozen=True, slots=True)
class Site:
    """A served chat page with its bot."""

    url: str
    bot: ScriptedBot
    adapter: WebAdapter


@asynccontextmanager
async def site(script: Script, password: str | None = None) -> AsyncIterator[Site]:
    bot = ScriptedBot(script, SOURCES)
    adapter = WebAdapter("测试课程", recall=bot.recall, password=password, keep=bot.keep)
    app = FastAPI()
    adapter.mount(app)
    async with served(app) as url:
        taking = asyncio.create_task(bot.serve(adapter))
        try:
            yield Site(url, bot, adapter)
        finally:
            taking.cancel()
            with suppress(asyncio.CancelledError):
                await taking
            await bot.close()


def echo(question: str) -> list[str]:
    return [f"回答：{question}"]


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def said(question: Message, text: str) -> AsyncIterator[Reply]:
    yield Reply(question.conversation, text, in_reply_to=question.id, final=True)
