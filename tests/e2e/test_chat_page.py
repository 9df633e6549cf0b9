"""The whole house as a student meets it: `puyu serve`, a model that streams, and a browser."""

import asyncio
import signal
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.command_line import CommandLine
from tests.fakes.openai_server import OpenAIServer, Turn

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WATCH = """() => {
  window.seen = new Set();
  new MutationObserver(() => {
    const body = document.querySelector('.answer .body');
    if (body) window.seen.add(body.textContent);
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


async def ask(page: Page, question: str) -> None:
    await page.get_by_role("textbox").fill(question)
    await page.keyboard.press("Enter")


async def test_a_student_asks_reads_opens_the_source_and_votes(tmp_path: Path, browser_page: Page) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer(token_ms=40) as model:
        model.script(Turn("先装好 lmdeploy，再执行 lmdeploy lite auto_awq，就得到 W4A16 模型 [1]。"))
        with puyu.serving(LLM_BASE_URLS=model.url) as server:
            await page.goto(puyu.url)
            await page.evaluate(WATCH)
            await ask(page, "LMDeploy 怎么量化模型")
            await expect(page.locator(".answer .body")).to_contain_text("W4A16 模型 [1]")
            assert await page.evaluate("window.seen.size") > 5

            await page.get_by_text("来源 (1)").click()
            async with page.expect_popup() as opened:
                await page.get_by_role("link", name="用 LMDeploy 做权重量化").click()
            source = await opened.value
            await expect(source.locator(":target")).to_have_text("用 LMDeploy 做权重量化")

            await page.get_by_role("button", name="没帮助").click()
            await expect(page.get_by_role("status").filter(has_text="哪里不好")).to_be_visible()
            await page.get_by_role("button", name="内容过时").click()
            await expect(page.get_by_role("status").filter(has_text="已经记下")).to_be_visible()
            await expect(page.locator(".why")).to_have_count(0)
            await expect(page.locator(".vote[aria-pressed=true]")).to_have_accessible_name("没帮助")
            server.send_signal(signal.SIGKILL)
        with puyu.serving(LLM_BASE_URLS=model.url):
            await page.reload()
            await expect(page.locator(".question")).to_have_text("LMDeploy 怎么量化模型")
            await expect(page.locator(".answer .body")).to_contain_text("W4A16 模型 [1]")
            await expect(page.locator(".vote[aria-pressed=true]")).to_have_accessible_name("没帮助")
            await ask(page, "那端口呢")
            await expect(page.locator(".answer .vote")).to_have_count(4)
            assert [each["content"] for each in model.asked[-1].messages][1] == "LMDeploy 怎么量化模型"


async def test_without_a_model_the_page_quotes_and_says_so(tmp_path: Path, browser_page: Page) -> None:
    puyu = CommandLine(tmp_path)
    with puyu.serving():
        await browser_page.goto(puyu.url)
        await ask(browser_page, "LMDeploy 怎么量化模型")
        await expect(browser_page.locator(".answer .body")).to_contain_text("lmdeploy lite auto_awq")
        await expect(browser_page.locator(".answer .body")).to_contain_text("还没有接入大模型")


async def test_a_dead_model_never_shows_a_blank_answer(tmp_path: Path, browser_page: Page) -> None:
    puyu = CommandLine(tmp_path)
    with puyu.serving(LLM_BASE_URLS="http://127.0.0.1:9", LLM_PATIENCE="3"):
        await browser_page.goto(puyu.url)
        await ask(browser_page, "LMDeploy 怎么量化模型")
        await expect(browser_page.locator(".answer .body")).to_contain_text("我在继续试")
        await expect(browser_page.locator(".answer .body")).to_contain_text("暂时没有回应，先把")
        await expect(browser_page.locator(".answer .body")).to_contain_text("lmdeploy lite auto_awq")


async def test_an_answer_that_died_with_the_server_is_completed_on_the_open_page(
    tmp_path: Path, browser_page: Page
) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer() as model:
        model.script(Turn("先装好 lmdeploy，", fault="stall", sound=2))
        with puyu.serving(LLM_BASE_URLS=model.url) as server:
            await page.goto(puyu.url)
            await ask(page, "LMDeploy 怎么量化模型")
            await expect(page.locator(".answer .body")).to_contain_text("先")
            server.send_signal(signal.SIGKILL)
        model.reset()
        with puyu.serving(LLM_BASE_URLS=model.url):
            await expect(page.locator(".answer .vote")).to_have_count(2)
            await expect(page.locator(".answer .body")).to_contain_text("[1]")
            await expect(page.locator(".answer")).to_have_count(1)
            await page.reload()
            await expect(page.locator(".question")).to_have_count(1)


async def test_a_reloaded_page_shows_what_still_waits(tmp_path: Path, browser_page: Page) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer() as model:
        model.script(Turn(fault="hang"), Turn(fault="hang"))
        with puyu.serving(LLM_BASE_URLS=model.url) as server:
            await page.goto(puyu.url)
            await ask(page, "LMDeploy 怎么量化模型")
            await expect(page.locator(".answer.waiting[data-sent]")).to_be_visible()
            server.send_signal(signal.SIGKILL)
        with puyu.serving(LLM_BASE_URLS=model.url):
            await page.reload()
            await expect(page.locator(".question")).to_have_text("LMDeploy 怎么量化模型")
            await expect(page.locator(".answer.waiting")).to_be_visible()


async def test_three_short_messages_in_a_row_get_one_answer(tmp_path: Path, browser_page: Page) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer(token_ms=5) as model, puyu.serving(LLM_BASE_URLS=model.url):
        await page.goto(puyu.url)
        for text in ("请问", "LMDeploy", "怎么量化模型"):
            await ask(page, text)
        await expect(page.locator(".question")).to_have_count(3)
        await expect(page.locator(".answer")).to_have_count(1)
        await expect(page.locator(".answer .vote")).to_have_count(2)
        assert "请问\nLMDeploy\n怎么量化模型" in model.asked[-1].messages[-1]["content"]


async def test_an_answer_under_way_does_not_keep_a_stopped_server_and_comes_from_the_next(
    tmp_path: Path, browser_page: Page
) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer() as model:
        model.script(Turn(fault="hang"))
        with puyu.serving(LLM_BASE_URLS=model.url) as server:
            await page.goto(puyu.url)
            await ask(page, "LMDeploy 怎么量化模型")
            await expect(page.locator(".answer.waiting[data-sent]")).to_be_visible()
            server.terminate()
            assert await asyncio.to_thread(server.wait, 10) == 0
        with puyu.serving(LLM_BASE_URLS=model.url):
            await expect(page.locator(".answer .vote")).to_have_count(2)


async def test_more_detail_is_asked_with_a_button_and_shown_in_words(
    tmp_path: Path, browser_page: Page
) -> None:
    puyu, page = CommandLine(tmp_path), browser_page
    with OpenAIServer(token_ms=5) as model, puyu.serving(LLM_BASE_URLS=model.url):
        await page.goto(puyu.url)
        await ask(page, "LMDeploy 怎么量化模型")
        await expect(page.locator(".answer .vote")).to_have_count(2)
        await page.get_by_role("button", name="再详细一点").click()
        await expect(page.locator(".question")).to_have_text(["LMDeploy 怎么量化模型", "再详细一点"])
        await expect(page.locator(".answer .vote")).to_have_count(4)
        await page.reload()
        await expect(page.locator(".question").last).to_contain_text("LMDeploy 怎么量化模型（请讲得更详细")
        assert "分步骤" in model.asked[-1].messages[-1]["content"]
