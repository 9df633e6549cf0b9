"""The web chat when things go wrong, and when people do several things at once."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from adapters.base import Delivery, Reply
from tests.adapters.tab import reply_to
from tests.adapters.tab import said as replies
from tests.e2e.browser import ask, echo, site

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_reload_in_mid_answer_goes_on_with_it(browser_page: Page) -> None:
    rest = asyncio.Event()
    async with site(lambda _: ["一半", rest, "一半和另一半"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "全部？")
        await expect(browser_page.locator(".answer .body")).to_have_text("一半")
        await browser_page.reload()
        await expect(browser_page.locator(".answer .body")).to_have_text("一半")
        rest.set()
        await expect(browser_page.locator(".answer .body")).to_have_text("一半和另一半")
        await expect(browser_page.locator(".question")).to_have_count(1)


async def test_two_tabs_neither_mix_nor_wait_for_each_other(browser_page: Page) -> None:
    never = asyncio.Event()
    async with site(lambda text: [never] if text == "慢" else [f"回答：{text}"]) as chat:
        other = await browser_page.context.new_page()
        await browser_page.goto(chat.url)
        await ask(browser_page, "慢")
        await expect(browser_page.get_by_text("正在查资料…")).to_be_visible()
        await other.goto(chat.url)
        await ask(other, "快")
        await expect(other.locator(".answer .body")).to_have_text("回答：快")
        await expect(browser_page.locator(".question")).to_have_text(["慢"])
        slow, fast = chat.bot.received
        assert slow.sender == fast.sender
        assert slow.conversation != fast.conversation


async def test_a_stopped_answer_stops(browser_page: Page) -> None:
    rest = asyncio.Event()
    async with site(lambda _: ["一半", rest, "一半和另一半"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "全部？")
        await expect(browser_page.locator(".answer .body")).to_have_text("一半")
        async with browser_page.expect_response("**/component_server/"):
            await browser_page.get_by_role("button", name="停止").click()
        rest.set()
        await expect(browser_page.get_by_text("已停止")).to_be_visible()
        await expect(browser_page.locator(".answer .body")).to_have_text("一半")
        assert chat.bot.withdrawn == [chat.bot.received[0].id]


async def test_a_stop_below_several_questions_takes_them_all_back(browser_page: Page) -> None:
    async with site(lambda _: [asyncio.Event()]) as chat:
        await browser_page.goto(chat.url)
        for text in ("老师好", "怎么装"):
            await ask(browser_page, text)
        await expect(browser_page.locator(".answer.waiting[data-sent]")).to_have_count(2)
        first, second = chat.bot.received
        half = reply_to(first, "一半", second.id, final=False)
        showing = asyncio.create_task(chat.adapter.show(replies(half, asyncio.Event()), Delivery(first.id)))
        await expect(browser_page.locator(".feed > *")).to_have_text(["老师好", "怎么装", "一半 停止"])
        await browser_page.get_by_role("button", name="停止").click()
        await showing
        assert sorted(chat.bot.withdrawn) == sorted([first.id, second.id])
        await expect(browser_page.locator(".feed > *")).to_have_text(["老师好", "怎么装", "一半 已停止"])
        await ask(browser_page, "在 Windows 上")
        await expect(browser_page.locator(".answer.waiting[data-sent]")).to_be_visible()
        third = chat.bot.received[-1]
        await chat.adapter.show(replies(reply_to(first, "用 pip", third.id)), Delivery(first.id))
        await expect(browser_page.locator(".feed > *")).to_have_text(
            ["老师好", "怎么装", "在 Windows 上", "用 pip"]
        )


async def test_a_question_that_nobody_will_answer_is_given_up(browser_page: Page) -> None:
    async with site(lambda _: [asyncio.Event()]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "在吗？")
        await expect(browser_page.locator(".answer.waiting[data-sent]")).to_be_visible()
        (question,) = chat.bot.received
        await chat.bot.accept_for(chat.adapter)(replace(question, withdrawn=True))
        note = Reply(
            question.conversation, "明天停课。", final=True
        )  # the page looks again when something comes
        await chat.adapter.show(replies(note), Delivery("a note"))
        await expect(browser_page.get_by_text("中断了，没能答完，请再问一次。")).to_be_visible()


async def test_a_question_outlives_the_server_that_accepted_it(browser_page: Page, tmp_path: Path) -> None:
    async with chat_process(tmp_path) as (process, port):
        await browser_page.goto(f"http://127.0.0.1:{port}")
        await ask(browser_page, "还在吗？")
        await expect(browser_page.locator(".waiting[data-sent]")).to_be_visible()
        process.kill()
    async with chat_process(tmp_path, port) as (process, port):
        async with browser_page.context.expect_page() as opened:
            await browser_page.evaluate("window.open(location.href)")
        reopened = await opened.value
        for page in (browser_page, reopened):
            await expect(page.locator(".question")).to_have_text(["还在吗？"])
            await expect(page.locator(".answer.waiting")).to_have_text(["正在查资料…停止"])
        async with browser_page.expect_response("**/component_server/"):
            process.send_signal(signal.SIGUSR1)
        for page in (browser_page, reopened):
            await expect(page.locator(".answer .body")).to_have_text(["回答：还在吗？"])


async def test_a_question_that_cannot_be_sent_is_given_back_with_a_sentence(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await browser_page.get_by_role("textbox").fill("在吗？")
        await browser_page.context.set_offline(True)
        await browser_page.keyboard.press("Enter")
        await expect(browser_page.locator(".answer .body")).to_have_text("没能发送，请稍后再试一次。")
        await expect(browser_page.get_by_role("textbox")).to_have_value("在吗？")
        await browser_page.context.set_offline(False)
        await browser_page.keyboard.press("Enter")
        await expect(browser_page.locator(".answer .body")).to_have_text(["回答：在吗？"])
        await expect(browser_page.locator(".question")).to_have_text(["在吗？"])


async def test_stop_can_be_pressed_slowly_while_the_answer_grows(browser_page: Page) -> None:
    more, never = asyncio.Event(), asyncio.Event()
    async with site(lambda _: ["一半", more, "一半多", never]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "全部？")
        await browser_page.get_by_role("button", name="停止").hover()
        await browser_page.mouse.down()
        more.set()
        await expect(browser_page.locator(".answer .body")).to_have_text("一半多")
        await browser_page.mouse.up()
        await expect(browser_page.get_by_text("已停止")).to_be_visible()


async def test_a_new_chat_begun_while_the_page_opens_stays_empty(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "旧的")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：旧的")
        chat.bot.remembering.clear()
        await browser_page.reload()
        await browser_page.get_by_role("button", name="新对话").click()
        async with browser_page.expect_response("**/component_server/"):
            chat.bot.remembering.set()
        await ask(browser_page, "新的")
        await expect(browser_page.locator(".answer .body").last).to_have_text("回答：新的")
        await expect(browser_page.locator(".question")).to_have_text(["新的"])


async def test_many_new_chats_do_not_use_up_the_browsers_connections(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        for number in range(8):
            await ask(browser_page, f"第{number}问")
            body = browser_page.locator(".answer .body")
            await expect(body).to_have_text(f"回答：第{number}问", timeout=10_000)
            await browser_page.get_by_role("button", name="新对话").click()


async def lose_the_receipt(route: Route) -> None:
    if '"say"' in (route.request.post_data or ""):
        await route.fetch()
        await route.abort()
    else:
        await route.continue_()


async def test_a_question_that_seemed_unsent_is_the_same_one_when_it_is_sent_again(
    browser_page: Page,
) -> None:
    late, body = asyncio.Event(), browser_page.locator(".answer .body")
    async with site(lambda _: [late, "在的。"]) as chat:
        await browser_page.goto(chat.url)
        await browser_page.route("**/component_server/", lose_the_receipt)
        await ask(browser_page, "在吗？")
        await expect(body).to_have_text("没能发送，请稍后再试一次。")
        await browser_page.unroute("**/component_server/")
        await browser_page.keyboard.press("Enter")
        await expect(browser_page.locator(".answer.waiting")).to_be_visible()
        late.set()
        await expect(body).to_have_text(["在的。"])
        assert len({message.id for message in chat.bot.received}) == 1


async def test_an_answer_to_a_question_that_seemed_unsent_stays_in_the_other_language(
    browser_page: Page,
) -> None:
    late, body = asyncio.Event(), browser_page.locator(".answer .body")
    async with site(lambda _: [late, "在的。"]) as chat:
        await browser_page.goto(chat.url)
        await browser_page.route("**/component_server/", lose_the_receipt)
        await ask(browser_page, "在吗？")
        await expect(body).to_have_text("没能发送，请稍后再试一次。")
        late.set()
        await expect(body).to_have_text("在的。")
        await expect(browser_page.get_by_role("textbox")).to_have_value("")
        await browser_page.get_by_role("button", name="English").click()
        await expect(body).to_have_text("在的。")


async def test_tabs_of_one_conversation_show_the_questions_and_no_foreign_votes(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "第一")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：第一")
        async with browser_page.context.expect_page() as opened:
            await browser_page.evaluate("window.open(location.href)")
        other = await opened.value
        await expect(other.locator(".question")).to_have_text(["第一"])
        await browser_page.get_by_role("button", name="有帮助").click()
        await expect(browser_page.get_by_role("status").filter(has_text="Noted")).to_be_visible()
        await ask(browser_page, "第二")
        await expect(other.locator(".answer .body").last).to_have_text("回答：第二")
        await expect(other.locator(".question")).to_have_text(["第一", "第二"])
        await expect(other.locator(".answer")).to_have_count(2)


@asynccontextmanager
async def chat_process(folder: Path, port: int = 0) -> AsyncIterator[tuple[Process, int]]:
    """A chat page in a process of its own, and its port; killed at the end."""
    command = (sys.executable, "-m", "tests.fakes.web_process", str(folder / "mailbox"), str(port))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, int(await process.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
