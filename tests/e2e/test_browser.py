"""The web chat, as a student sees it in a browser."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, expect

from adapters.base import Delivery, Enclosure, Message, Reply
from tests.adapters.tab import reply_to
from tests.adapters.tab import said as replies
from tests.e2e.browser import Site, ask, echo, said, site
from tests.fakes.pictures import picture, screenshot

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_an_answer_grows_while_it_is_written(browser_page: Page) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    async with site(lambda _: [first, "用 **pip**", second, "用 **pip** 安装"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "怎么安装？")
        await expect(browser_page.get_by_text("正在查资料…")).to_be_visible()
        first.set()
        await expect(browser_page.locator(".answer .body")).to_have_text("用 pip")
        second.set()
        await expect(browser_page.locator(".answer .body")).to_have_text("用 pip 安装")
        await expect(browser_page.locator(".answer strong")).to_have_text("pip")


async def test_sources_are_folded_and_lead_to_their_places(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "量化？")
        link = browser_page.get_by_role("link", name="LMDeploy › 量化 <b>部署</b>")
        await expect(link).to_be_hidden()
        await browser_page.get_by_text("来源 (3)").click()
        await expect(link).to_be_visible()
        await expect(link).to_have_attribute("href", "/read/course/lmdeploy.md#quant")
        await expect(link).to_have_attribute("target", "_blank")
        await expect(browser_page.get_by_text("版本 a1b2c3d")).to_be_visible()


async def test_a_vote_is_sent_as_its_command_and_can_be_changed(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "量化？")
        for name, word in (("有帮助", "up"), ("没帮助", "down")):
            await browser_page.get_by_role("button", name=name).click()
            await expect(browser_page.get_by_role("status").filter(has_text=f"Noted: {word}")).to_be_visible()
            await expect(browser_page.locator(".vote[aria-pressed=true]")).to_have_accessible_name(name)
        question, *votes = chat.bot.received
        assert [vote.text for vote in votes] == [f"/feedback {word} {question.id}" for word in ("up", "down")]
        assert {vote.conversation for vote in votes} == {question.conversation}


async def test_a_post_appears_with_its_picture_and_file_and_stays(browser_page: Page) -> None:
    png = picture(screenshot())
    enclosures = Enclosure("图.png", "image/png", png.data), Enclosure("提问.csv", "text/csv", b"1,2")
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "几号交？")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：几号交？")
        place = chat.bot.received[0].conversation
        post = Reply(place, "助教 李 回复：周五", final=True, enclosures=enclosures)
        await chat.adapter.show(replies(post), Delivery("desk-3"))
        for _ in range(2):
            await expect(browser_page.locator(".answer .body").last).to_have_text("助教 李 回复：周五")
            await expect(browser_page.locator(".answer")).to_have_count(2)
            await expect(browser_page.locator(".question")).to_have_count(1)
            shown = await browser_page.get_by_alt_text("图.png").evaluate("it => it.naturalWidth")
            assert shown == screenshot().width
            async with browser_page.expect_download() as saving:
                await browser_page.get_by_text("📎 提问.csv").click()
            saved = await saving.value
            assert (saved.suggested_filename, (await saved.path()).read_bytes()) == ("提问.csv", b"1,2")
            await browser_page.reload()


async def test_a_reload_brings_back_the_conversation_and_the_vote(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "量化？")
        await browser_page.get_by_role("button", name="没帮助").click()
        await expect(browser_page.get_by_role("status").filter(has_text="Noted")).to_be_visible()
        await browser_page.reload()
        await expect(browser_page.locator(".question")).to_have_text("量化？")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：量化？")
        await expect(browser_page.locator(".vote[aria-pressed=true]")).to_have_accessible_name("没帮助")
        await ask(browser_page, "还有呢？")
        await expect(browser_page.locator(".answer .body").last).to_have_text("回答：还有呢？")
        assert len({message.conversation for message in chat.bot.received}) == 1


async def test_a_new_chat_is_empty_and_another_conversation(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "第一")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：第一")
        await browser_page.get_by_role("button", name="新对话").click()
        await expect(browser_page.get_by_text("你好，想问点什么？")).to_be_visible()
        await expect(browser_page.locator(".question")).to_have_count(0)
        await ask(browser_page, "第二")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：第二")
        assert len({message.conversation for message in chat.bot.received}) == 2


async def test_an_example_is_asked_with_a_click(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await browser_page.get_by_role("button", name="作业").click()
        await expect(browser_page.locator(".answer .body")).to_contain_text("回答：作业")


async def test_the_page_speaks_the_readers_language_until_told_otherwise(browser: Browser) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    async with site(echo) as chat:
        await page.goto(chat.url)
        await expect(page.get_by_placeholder("Ask a question…")).to_be_visible()
        await page.get_by_role("button", name="中文").click()
        await expect(page.get_by_placeholder("输入你的问题…")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("button", name="新对话")).to_be_visible()
    await context.close()


TRAPS = """<img src=x onerror="window.caught=1"><script>window.caught=1</script>
[link](javascript:window.caught=1) [data](data:text/html,x) ![picture](https://example.org/spy.png)
[off](//example.org) <svg onload="window.caught=1"> https://example.org/"onmouseover="window.caught=1

```html" onmouseover="window.caught=1
<b>code</b>
```"""


async def test_nothing_in_questions_and_answers_is_run_or_fetched(browser_page: Page) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    async with site(lambda _: [TRAPS]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, TRAPS)
        await browser_page.get_by_text("来源 (3)").click()
        body = browser_page.locator(".answer .body")
        await expect(body).to_contain_text('<img src=x onerror="window.caught=1">')
        await expect(body.get_by_role("link")).to_have_text(["picture", "https://example.org/"])
        await expect(browser_page.get_by_text("Trap › Script")).not_to_have_attribute(
            "href", re.compile("java")
        )
        await expect(browser_page.locator("#puyu .feed :is(script, img, svg, b)")).to_have_count(0)
        assert await browser_page.evaluate("window.caught") is None
        assert all(url.startswith((chat.url, "data:")) for url in asked)


async def test_the_last_conversation_is_there_in_a_tab_opened_later(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "昨天的")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：昨天的")
        later = await browser_page.context.new_page()
        await browser_page.close()
        await later.goto(chat.url)
        await expect(later.locator(".answer .body")).to_have_text("回答：昨天的")


async def test_a_reply_that_comes_by_itself_is_shown_also_when_the_page_was_away(browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "难题")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：难题")
        question = chat.bot.received[0]
        await chat.adapter.show(said(question, "张老师：看第三页。"), Delivery("a note"))
        await expect(browser_page.locator(".answer .body")).to_have_text(["回答：难题", "张老师：看第三页。"])
        await browser_page.goto("about:blank")
        await chat.adapter.show(said(question, "补充：还有第四页。"), Delivery("another"))
        await browser_page.goto(chat.url)
        await expect(browser_page.locator(".answer .body").last).to_have_text("补充：还有第四页。")


async def test_short_questions_in_a_row_get_one_answer_below_the_last(browser_page: Page) -> None:
    async with site(lambda _: [asyncio.Event()]) as chat:
        await browser_page.goto(chat.url)
        first, *others = await ask_in_a_row(browser_page, chat)
        more, feed = asyncio.Event(), browser_page.locator(".feed > *")
        half, whole = (
            reply_to(first, text, *(each.id for each in others), final=text == "整个回答")
            for text in ("半个", "整个回答")
        )
        showing = asyncio.create_task(chat.adapter.show(replies(half, more, whole), Delivery(first.id)))
        await expect(feed).to_have_text([*IN_A_ROW, "半个 停止"])
        more.set()
        await expect(feed).to_have_text([*IN_A_ROW, "整个回答"])
        await showing


async def test_an_answer_gives_way_to_one_that_answers_the_next_question_too(browser_page: Page) -> None:
    async with site(lambda text: [asyncio.Event()] if "Windows" in text else ["用 pip 装"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "怎么装 LMDeploy")
        await expect(browser_page.get_by_role("button", name="有帮助")).to_be_visible()
        await ask(browser_page, "在 Windows 上")
        await expect(browser_page.locator(".answer.waiting[data-sent]")).to_be_visible()
        first, second = chat.bot.received
        both = reply_to(first, "下载安装包", second.id)
        await chat.adapter.show(replies(both), Delivery(second.id, sent_id=f"{first.id}.reply"))
        await expect(browser_page.locator(".feed > *")).to_have_text(
            ["怎么装 LMDeploy", "在 Windows 上", "下载安装包"]
        )


async def test_fifty_thousand_characters_reach_the_bot(browser_page: Page) -> None:
    async with site(lambda _: ["太长了。"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "长" * 50_000)
        await expect(browser_page.locator(".answer .body")).to_have_text("太长了。")
        assert chat.bot.received[0].text == "长" * 50_000


async def test_with_a_password_people_sign_in_under_a_name(browser_page: Page) -> None:
    async with site(echo, password="开门") as chat:
        await browser_page.goto(chat.url)
        await sign_in(browser_page, "错")
        await expect(browser_page.get_by_role("alert")).to_have_text("名字或口令不对，请再试一次。")
        await sign_in(browser_page, "开门")
        await ask(browser_page, "在吗？")
        await expect(browser_page.locator(".answer .body")).to_have_text("回答：在吗？")
        assert chat.bot.received[0].sender.id == "web:小明"
        await browser_page.get_by_role("link", name="退出").click()
        await expect(browser_page.get_by_label("课程口令")).to_be_visible()


IN_A_ROW = ["老师好", "LMDeploy 怎么装", "我用的是 Windows"]


async def ask_in_a_row(page: Page, chat: Site) -> list[Message]:
    for text in IN_A_ROW:
        await ask(page, text)
    await expect(page.locator(".answer.waiting[data-sent]")).to_have_count(len(IN_A_ROW))
    return chat.bot.received


async def sign_in(page: Page, password: str) -> None:
    await page.get_by_label("你的名字").fill("小明")
    await page.get_by_label("课程口令").fill(password)
    await page.get_by_role("button", name="登录").click()
