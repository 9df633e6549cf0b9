"""The fake Feishu server holds cards to their rules, and their entities to theirs."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.feishu_app import CARDS, MESSAGES, Bot, Clock
from tests.fakes.feishu_chats import Chat
from tests.fakes.feishu_server import FeishuServer


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.limits = False
        server.pauses = (0.01, 0.01, 0.01, 0.01)
        yield server


@pytest.fixture
def clock(server: FeishuServer) -> Clock:
    server.clock = clock = Clock()
    return clock


@pytest.fixture
async def bot(server: FeishuServer) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        yield Bot(server, session)


@pytest.fixture
def group(server: FeishuServer) -> Chat:
    return server.group("一班", server.person("小林"))


async def test_a_card_streams_in_order_and_is_closed(bot: Bot, group: Chat) -> None:
    card_id, _message = await bot.shown_card(group)
    assert (group.answers[0].streaming, group.answers[0].summary) == (True, "[生成中...]")
    assert await bot.write(card_id, "先装 Python", 3, "a") == 0
    assert await bot.write(card_id, "先装", 3) == 300317
    assert await bot.write(card_id, "先装", 4, "a") == 200770
    assert await bot.write(card_id, "", 4) == 99992402
    path, off = f"{CARDS}/{card_id}/settings", {"streaming_mode": False}
    assert await bot.code("PATCH", path, {"settings": json.dumps(off), "sequence": 4}) == 0
    assert group.answers[0].streaming
    assert await bot.code("PATCH", path, {"settings": json.dumps({"config": off}), "sequence": 5}) == 0
    assert await bot.write(card_id, "晚了", 6) == 300309
    shown = group.answers[0]
    assert (shown.text, shown.streaming, shown.summary) == ("先装 Python", False, "安装步骤")
    assert shown.buttons == {"👍": {"v": 1, "command": "/feedback up"}}


async def test_streaming_ends_by_itself_and_an_entity_after_two_weeks(
    clock: Clock, bot: Bot, group: Chat
) -> None:
    card_id, _message = await bot.shown_card(group)
    clock.now += 601
    assert [await bot.write(card_id, "x", number) for number in (1, 2)] == [200850, 300309]
    on = {"settings": json.dumps({"config": {"streaming_mode": True}}), "sequence": 1}
    assert await bot.code("PATCH", f"{CARDS}/{card_id}/settings", on) == 0
    assert await bot.write(card_id, "又来", 2) == 0
    clock.now += 14 * 24 * 3600
    bot.token = ""
    assert await bot.write(card_id, "x", 3) == 200750


async def test_an_entity_is_sent_once_and_ends_when_the_message_is_patched(bot: Bot, group: Chat) -> None:
    card_id, message_id = await bot.shown_card(group)
    entity = {"type": "card", "data": {"card_id": card_id}}
    assert (await bot.send(group, "interactive", entity))["code"] == 230099
    new = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "全文"}]}}
    assert await bot.code("PATCH", f"{MESSAGES}/{message_id}", {"content": json.dumps(new)}) == 0
    assert await bot.write(card_id, "x", 1) == 300309
    assert (group.answers[0].text, group.answers[0].streaming) == ("全文", False)


def panel(*inside: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"schema": "2.0", "body": {"elements": list(inside)}, **more}


def markdown(content: str, **more: object) -> dict[str, Any]:
    return {"tag": "markdown", "content": content, **more}


TABLE = "| a | b |\n| - | - |\n| 1 | 2 |\n\n"


@pytest.mark.parametrize(
    ("code", "card"),
    [
        (0, panel(markdown(f"{TABLE * 5}```\n{TABLE}![](https://x/y.png)\n```"))),
        (300303, {"schema": "1.0"}),
        (300307, {}),
        (200621, {"schema": "2.0", "elements": []}),
        (200861, panel({"tag": "action", "actions": []})),
        (200861, panel({"tag": "marquee"})),
        (200570, panel(markdown("![图](https://example.com/a.png)"))),
        (100290, panel(markdown("<at id=ou_nobody></at>"))),
        (200860, panel(markdown("长" * 10_300))),
        (230099, panel(markdown(TABLE * 6))),
        (300301, panel(markdown("a", element_id="x"), markdown("b", element_id="x"))),
        (300301, panel(markdown("a", element_id="1x"))),
        (300301, panel(markdown("a", element_id="a23456789_123456789_1"))),
        (300305, panel(*[markdown("a")] * 201)),
        (300302, panel(markdown("a"), config={"update_multi": False})),
    ],
)
async def test_cards_keep_the_rules(bot: Bot, group: Chat, code: int, card: dict[str, Any]) -> None:
    assert (await bot.card(card))["code"] == code
    sent = await bot.send(group, "interactive", card)
    assert (sent["code"] == 0) is (code == 0)
