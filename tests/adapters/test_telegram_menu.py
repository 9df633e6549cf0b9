"""The menu at Telegram: each sees the commands that work where they are, in their language."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from adapters.telegram_api import TelegramApi
from adapters.telegram_menu import Menu, MenuEntry, set_menu
from tests.fakes.telegram_server import TelegramServer

ASK, MINE = MenuEntry("ask", "问一个问题"), MenuEntry("mydata", "我的数据")
STATUS = MenuEntry("status", "状态")
CHINESE = Menu("zh", (ASK, MINE), (ASK,), "课程助教", "你好，我是课程助教")
ENGLISH = Menu("en", (MenuEntry("ask", "Ask"),), (), "The course's TA", "Hello")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        yield server


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[TelegramApi]:
    api = TelegramApi(server.token, server.url)
    await api.open()
    yield api
    await api.close()


def setting(server: TelegramServer) -> list[str]:
    """The calls that changed something."""
    return [call.method for call in server.calls if call.method.startswith(("set", "delete"))]


async def test_a_student_sees_what_works_where_they_are(server: TelegramServer, api: TelegramApi) -> None:
    lin = server.person("小林", language="zh-hans")
    await set_menu(api, [CHINESE, ENGLISH])
    assert server.direct(lin).menu(lin) == {"ask": "问一个问题", "mydata": "我的数据"}
    assert server.group("一班", lin).menu(lin) == {"ask": "问一个问题"}


@pytest.mark.parametrize(
    ("language", "does"), [("en", "Ask"), ("zh-hant", "问一个问题"), ("fr", "问一个问题")]
)
async def test_the_menu_is_in_ones_language_or_the_courses_first(
    server: TelegramServer, api: TelegramApi, language: str, does: str
) -> None:
    ann = server.person("Ann", language=language)
    await set_menu(api, [CHINESE, ENGLISH])
    assert server.direct(ann).menu(ann)["ask"] == does


async def test_the_bot_says_what_it_is_in_each_language(server: TelegramServer, api: TelegramApi) -> None:
    await set_menu(api, [CHINESE, ENGLISH])
    assert server.profile["description", ""] == "你好，我是课程助教"
    assert server.profile["description", "en"] == "Hello"
    assert server.profile["short_description", "en"] == "The course's TA"


async def test_what_telegram_has_already_is_not_set_again(server: TelegramServer, api: TelegramApi) -> None:
    await set_menu(api, [CHINESE, ENGLISH])
    once = setting(server)
    await set_menu(api, [CHINESE, ENGLISH])
    assert setting(server) == once
    await set_menu(api, [Menu("zh", (MINE,), (ASK,), "课程助教", "你好，我是课程助教"), ENGLISH])
    assert setting(server) == [*once, "setMyCommands", "setMyCommands"]


async def test_the_staff_have_commands_of_their_own_until_they_have_none(
    server: TelegramServer, api: TelegramApi
) -> None:
    lin, wang = server.person("小林", language="zh"), server.person("王老师", language="zh")
    staff, direct = server.group("助教", wang), server.direct(wang)
    corners = {staff.id: (ASK, STATUS), direct.id: (ASK, MINE, STATUS)}
    await set_menu(api, [replace(CHINESE, corners=corners)])
    assert [*staff.menu(wang)] == ["ask", "status"]
    assert [*direct.menu(wang)] == ["ask", "mydata", "status"]
    assert [*server.direct(lin).menu(lin)] == ["ask", "mydata"]
    await set_menu(api, [replace(CHINESE, corners={**corners, direct.id: ()})])
    assert [*direct.menu(wang)] == ["ask", "mydata"]


async def test_a_staff_chat_that_the_bot_cannot_reach_takes_nothing_from_the_others(
    server: TelegramServer, api: TelegramApi, caplog: pytest.LogCaptureFixture
) -> None:
    staff = server.group("助教")
    await set_menu(api, [replace(CHINESE, corners={999: (STATUS,), staff.id: (STATUS,)})])
    assert server.commands[f"chat:{staff.id}", "zh"] == {"status": "状态"}
    assert "chat 999" in caplog.text


async def test_texts_that_are_too_long_are_cut_to_what_telegram_takes(
    server: TelegramServer, api: TelegramApi
) -> None:
    entries = (MenuEntry("ask", "x" * 300),)
    await set_menu(api, [Menu("zh", entries, entries, "y" * 200, "z" * 600)])
    assert len(server.profile["short_description", ""]) == 120
    assert len(server.profile["description", ""]) == 512
    assert server.commands["all_private_chats", ""] == {"ask": "x" * 256}
