"""Pictures that go with a question, from the clipboard or a file to the bot."""

import asyncio
import base64
from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from adapters.base import Image as Picture
from tests.e2e.browser import ask, echo, site
from tests.fakes.pictures import picture, screenshot

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SHOT = picture(screenshot())
BRING = """(page, [kind, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "a", { type }));
  const options = { bubbles: true, cancelable: true, clipboardData: files, dataTransfer: files };
  const event = kind === "paste" ? new ClipboardEvent(kind, options) : new DragEvent(kind, options);
  page.dispatchEvent(event);
}"""


async def bring(page: Page, kind: str, image: Picture = SHOT) -> None:
    """Paste or drop a picture."""
    data = base64.b64encode(image.data).decode()
    await page.locator("#puyu main").evaluate(BRING, [kind, image.media_type, data])


async def choose(page: Page, *images: Picture) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="添加图片").click()
    await (await chooser.value).set_files([file(image) for image in images])


def file(image: Picture) -> FilePayload:
    return {"name": "a.png", "mimeType": image.media_type, "buffer": image.data}


@pytest.mark.parametrize("way", ["choose", "paste", "drop"])
async def test_a_screenshot_goes_with_the_question(way: str, browser_page: Page) -> None:
    page = browser_page
    async with site(echo) as chat:
        await page.goto(chat.url)
        await page.get_by_role("textbox").fill("报错了")
        await (choose(page, SHOT) if way == "choose" else bring(page, way))
        await expect(page.locator("form").get_by_role("img", name="图片")).to_be_visible()
        await page.get_by_role("button", name="发送").click()
        await expect(page.locator(".answer .body")).to_have_text("回答：报错了")
        await expect(page.locator("form").get_by_role("img")).to_have_count(0)
        await expect(page.locator(".question").get_by_role("img", name="图片")).to_be_visible()
        [sent] = chat.bot.received[0].images
        assert (sent.media_type, Image.open(BytesIO(sent.data)).size) == ("image/png", (640, 140))


async def test_a_picture_is_a_message_of_its_own_and_leaves_a_mark_behind(browser_page: Page) -> None:
    page = browser_page
    async with site(lambda _: ["看到了"]) as chat:
        await page.goto(chat.url)
        await bring(page, "paste")
        await expect(page.get_by_role("button", name="发送")).to_be_enabled()
        await page.get_by_role("textbox").press("Enter")
        await expect(page.locator(".answer .body")).to_have_text("看到了")
        assert (chat.bot.received[0].text, len(chat.bot.received[0].images)) == ("", 1)
        await page.reload()
        await expect(page.locator(".question")).to_have_text("图片 ×1")


async def test_a_picture_is_taken_away_with_the_keyboard(browser_page: Page) -> None:
    page = browser_page
    async with site(echo) as chat:
        await page.goto(chat.url)
        await choose(page, SHOT, picture(screenshot("2")))
        await expect(page.locator("form").get_by_role("img")).to_have_count(2)
        await page.get_by_role("button", name="去掉这张图片").first.press("Enter")
        await expect(page.locator("form").get_by_role("img")).to_have_count(1)
        await expect(page.get_by_role("textbox")).to_be_focused()


async def test_a_large_photo_is_made_small_and_a_fifth_picture_is_not_taken(browser_page: Page) -> None:
    page, photo = browser_page, picture(Image.effect_noise((4000, 3000), 50), "JPEG")
    async with site(echo) as chat:
        await page.goto(chat.url)
        await choose(page, photo, *[SHOT] * 4)
        await expect(page.locator("form").get_by_role("img")).to_have_count(4)
        await expect(page.locator(".toast")).to_have_text("一条消息最多 4 张图片。")
        await page.get_by_role("textbox").press("Enter")
        await expect(page.locator(".answer .body")).to_be_visible()
        sent = chat.bot.received[0].images
        width, height = Image.open(BytesIO(sent[0].data)).size
        assert (len(sent), sent[0].media_type) == (4, "image/jpeg")
        assert width * height <= 4_010_000
        assert len(sent[0].data) <= 1_000_000


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
async def test_what_is_no_picture_is_not_taken(data: bytes, browser_page: Page) -> None:
    async with site(echo) as chat:
        await browser_page.goto(chat.url)
        await bring(browser_page, "drop", Picture("image/png", data))
        await expect(browser_page.locator(".toast")).to_contain_text("这个文件打不开")
        await expect(browser_page.get_by_role("button", name="发送")).to_be_disabled()


async def test_what_could_not_be_sent_stays_with_its_picture(browser_page: Page) -> None:
    page = browser_page
    async with site(echo) as chat:
        chat.bot.refused.add("报错了")
        await page.goto(chat.url)
        await bring(page, "paste")
        await expect(page.locator("form").get_by_role("img")).to_be_visible()
        await page.get_by_role("textbox").fill("报错了")
        await page.keyboard.press("Enter")
        await expect(page.locator(".answer .body")).to_have_text("没能发送，请稍后再试一次。")
        await expect(page.get_by_role("textbox")).to_have_value("报错了")
        chat.bot.refused.clear()
        await page.keyboard.press("Enter")
        await expect(page.locator(".answer .body")).to_have_text("回答：报错了")
        await expect(page.locator("form").get_by_role("img")).to_have_count(0)
        await expect(page.locator(".question")).to_have_count(1)
        assert len(chat.bot.received[-1].images) == 1


async def test_a_picture_that_waits_for_its_answer_is_marked_after_a_reload(browser_page: Page) -> None:
    done = asyncio.Event()
    async with site(lambda _: [done, "看到了"]) as chat:
        await browser_page.goto(chat.url)
        await bring(browser_page, "paste")
        await expect(browser_page.locator("form").get_by_role("img")).to_be_visible()
        await browser_page.get_by_role("textbox").press("Enter")
        await expect(browser_page.locator(".answer.waiting[data-sent]")).to_be_visible()
        await browser_page.reload()
        await expect(browser_page.locator(".question")).to_have_text("图片 ×1")
        done.set()
        await expect(browser_page.locator(".answer .body")).to_have_text("看到了")


async def test_what_was_read_in_a_picture_is_folded_below_the_question(browser_page: Page) -> None:
    async with site(lambda _: ["看到了"]) as chat:
        await browser_page.goto(chat.url)
        await ask(browser_page, "报错了\n🖼 ×1\nNo module named 'xtuner'")
        read = browser_page.locator(".question").get_by_text("No module named 'xtuner'")
        await expect(read).to_be_hidden()
        await browser_page.get_by_text("图片 ×1").click()
        await expect(read).to_be_visible()
