"""The doctor says what the bot at Feishu lacks, and where to click for it."""

from collections.abc import Iterator
from contextlib import closing
from socket import create_server

import pytest
from pydantic import SecretStr

from bot.checks import Check
from bot.feishu_checks import feishu
from bot.settings import Settings
from tests.fakes.feishu_server import FeishuServer


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.group("一班", server.person("小林"))
        yield server


def settings_of(server: FeishuServer, **more: object) -> Settings:
    own = {"feishu_app_id": server.app_id, "feishu_app_secret": SecretStr(server.app_secret)}
    return Settings.model_validate({**own, "feishu_domain": server.url, **more})


async def checks(server: FeishuServer, **more: object) -> list[Check]:
    return await feishu(settings_of(server, **more))


async def wrong(server: FeishuServer, **more: object) -> list[Check]:
    return [check for check in await checks(server, **more) if check.state != "ok"]


async def test_a_bot_that_is_set_up_well_is_well(server: FeishuServer) -> None:
    found = await checks(server)
    assert {check.state for check in found} == {"ok"}
    said = "\n".join(check.detail for check in found)
    for words in ("课程助教", "只收得到 @ 它的消息", "都已订阅", "1 个群里"):
        assert words in said
    assert server.app_secret not in said


async def test_without_feishu_nothing_is_said_of_it() -> None:
    assert await feishu(Settings.model_validate({})) == []


async def test_a_wrong_secret_is_told_with_where_the_right_one_stands(server: FeishuServer) -> None:
    [check] = await checks(server, feishu_app_secret=SecretStr("wrong"))
    assert check.state == "failed"
    assert "凭证与基础信息" in check.detail
    assert "FEISHU_APP_SECRET" in check.detail


async def test_an_app_that_is_no_bot_is_told_where_to_make_it_one(server: FeishuServer) -> None:
    server.bot_ability = False
    [check] = await checks(server)
    assert check.state == "failed"
    assert "应用能力 > 机器人" in check.detail
    assert f"/app/{server.app_id}/bot" in check.detail


@pytest.mark.parametrize(
    ("scope", "without", "state"),
    [
        ("cardkit:card:write", "边写边显示", "warning"),
        ("im:resource", "导出的文件", "warning"),
        ("im:message.p2p_msg:readonly", "单聊", "failed"),
        ("im:message.group_at_msg:readonly", "群里", "failed"),
    ],
)
async def test_a_missing_right_is_named_with_what_does_not_work(
    server: FeishuServer, scope: str, without: str, state: str
) -> None:
    server.scopes.discard(scope)
    [check] = await wrong(server)
    assert check.state == state
    assert without in check.detail
    assert f"/app/{server.app_id}/auth?q={scope}" in check.detail


async def test_a_right_is_not_missed_that_another_one_includes(server: FeishuServer) -> None:
    server.scopes -= {"im:message:send_as_bot", "im:message:readonly", "im:message.reactions:write_only"}
    server.scopes |= {"im:message"}
    assert await wrong(server) == []


async def test_who_gets_all_messages_may_use_helpful_mode(server: FeishuServer) -> None:
    server.at_only = False
    assert any("群里的消息都收得到" in check.detail for check in await checks(server))


@pytest.mark.parametrize(
    ("event", "state"), [("im.message.receive_v1", "failed"), ("im.message.recalled_v1", "warning")]
)
async def test_an_event_that_is_not_subscribed_is_named(server: FeishuServer, event: str, state: str) -> None:
    server.subscribed.discard(event)
    [check] = await wrong(server)
    assert check.state == state
    assert f"没有订阅 {event}" in check.detail
    assert "事件与回调 > 事件配置" in check.detail


async def test_buttons_need_their_callback(server: FeishuServer) -> None:
    server.callbacks = False
    [check] = await wrong(server)
    assert "card.action.trigger" in check.detail
    assert "回调配置" in check.detail


async def test_events_that_go_another_way_than_is_set_are_noticed(server: FeishuServer) -> None:
    events, callbacks = await wrong(server, feishu_mode="webhook", feishu_verification_token=SecretStr("t"))
    assert (events.state, callbacks.state) == ("failed", "warning")
    assert "「…发送至开发者服务器」" in events.detail
    assert "回调配置" in callbacks.detail


async def test_a_webhook_is_told_its_address(server: FeishuServer) -> None:
    server.deliver = "https://ta.example.org/feishu/events"
    found = await checks(server, feishu_mode="webhook", web_public_url="https://ta.example.org")
    assert {check.state for check in found} == {"ok"}
    assert any("https://ta.example.org/feishu/events" in check.detail for check in found)


async def test_what_cannot_be_seen_is_left_to_the_operator(server: FeishuServer) -> None:
    server.scopes -= {"application:application:self_manage", "im:chat:readonly"}
    events, groups = await wrong(server)
    for words in ("im.message.receive_v1", "card.action.trigger", "长连接", "self_manage"):
        assert words in events.detail
    assert "im:chat:readonly" in groups.detail


async def test_a_bot_in_no_group_is_to_be_added_to_one() -> None:
    with FeishuServer() as server:
        [check] = await wrong(server)
    assert "群机器人 > 添加机器人" in check.detail


async def test_rights_that_are_not_told_spoil_nothing_else(server: FeishuServer) -> None:
    server.fault("/application/v6/scopes", 212100, times=9)
    [check] = await wrong(server)
    assert check.state == "warning"
    assert "查不到" in check.detail


async def test_who_is_not_reached_is_not_waited_for_long(server: FeishuServer) -> None:
    with closing(create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        [check] = await feishu(settings_of(server, feishu_domain=address), within=0.3)
    assert check.state == "failed"
    assert address in check.detail
    assert "FEISHU_DOMAIN" in check.detail


async def test_every_sentence_is_in_both_languages(server: FeishuServer) -> None:
    server.scopes -= {"cardkit:card:write", "application:application:self_manage"}
    for check in await checks(server):
        chinese, _, english = check.detail.partition("。")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        assert english.endswith(".")
        assert english.isascii() or "课程助教" in english
