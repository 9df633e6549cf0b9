"""The fake Feishu server is as strict as the original in what it is called for."""

import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.fakes.feishu_app import MESSAGES, Bot, Clock
from tests.fakes.feishu_chats import Chat, Person
from tests.fakes.feishu_server import FeishuServer

PICTURE = b"\x89PNG picture"


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
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture
def chat(server: FeishuServer, lin: Person) -> Chat:
    return server.direct(lin)


@pytest.fixture
def group(server: FeishuServer, lin: Person) -> Chat:
    return server.group("一班", lin)


async def test_wrong_credentials_and_tokens_are_told_apart(server: FeishuServer, bot: Bot) -> None:
    path, right = "auth/v3/tenant_access_token/internal", server.app_secret
    for app_id, secret, code in (
        ("cli_x", right, 10003),
        (server.app_id, "x", 10014),
        (server.app_id, right, 0),
    ):
        assert await bot.code("POST", path, {"app_id": app_id, "app_secret": secret}) == code
    assert (await bot.call("GET", "bot/v3/info"))["bot"]["open_id"] == server.open_id
    server.expire_token()
    assert await bot.code("GET", "bot/v3/info") == 99991663
    bot.token = "x"
    assert await bot.code("GET", "bot/v3/info") == 99991671
    bot.token = " "
    assert await bot.code("GET", "bot/v3/info") == 99991661


async def test_rights_are_needed_and_named(server: FeishuServer, bot: Bot, chat: Chat) -> None:
    server.scopes -= {"im:message", "im:message:send_as_bot"}
    refused = await bot.send(chat, "text", {"text": "x"})
    assert refused["code"] == 99991672
    assert "im:message:send_as_bot" in refused["msg"]
    server.bot_ability = False
    assert await bot.code("GET", "bot/v3/info") == 11205


async def test_what_is_wrong_with_a_message_has_its_code(server: FeishuServer, bot: Bot, group: Chat) -> None:
    server.forbidden = {"赌博": 230022}
    text = {"text": "x"}
    wrong: list[tuple[int, str, object]] = [
        (230001, "text", {"words": "x"}),
        (230001, "paper", text),
        (230001, "image", {"image_key": "img_x"}),
        (230001, "post", {"zh_cn": {"content": [[{"tag": "table"}]]}}),
        (230022, "text", {"text": "赌博"}),
        (230025, "text", {"text": "长" * 51_000}),
        (230025, "post", {"zh_cn": {"content": [[{"tag": "md", "text": "长" * 10_300}]]}}),
    ]
    for code, kind, content in wrong:
        assert (await bot.send(group, kind, content))["code"] == code
    body = {"receive_id": group.id, "msg_type": "text", "content": text}
    refused = await bot.call("POST", MESSAGES, body, receive_id_type="chat_id")
    assert (refused["code"], refused["error"]["field_violations"][0]["field"]) == (99992402, "content")
    assert await bot.code("POST", MESSAGES, body) == 99992402
    assert group.shown == []


async def test_the_same_uuid_sends_once_within_an_hour(clock: Clock, bot: Bot, group: Chat) -> None:
    first, again = [await bot.send(group, "text", {"text": "一"}, uuid="u1") for _ in range(2)]
    assert first["data"]["message_id"] == again["data"]["message_id"]
    clock.now += 3601
    await bot.send(group, "text", {"text": "一"}, uuid="u1")
    assert len(group.answers) == 2
    assert (await bot.send(group, "text", {"text": "一"}, uuid="u" * 51))["code"] == 99992402


async def test_closed_chats_are_refused_as_what_they_are(bot: Bot, group: Chat, lin: Person) -> None:
    said = group.say(lin, "问", at_bot=True)
    for code in (230018, 230017, 230013, 230053, 230035):
        group.mute(code=code)
        assert (await bot.reply(said))["code"] == code
    group.mute(False)
    group.recall(lin, said)
    assert (await bot.reply(said))["code"] == 230011
    group.remove_bot()
    assert (await bot.send(group, "text", {"text": "x"}))["code"] == 230002
    group.disband()
    assert (await bot.send(group, "text", {"text": "x"}))["code"] == 232009


async def test_replies_stay_in_their_thread(server: FeishuServer, bot: Bot, group: Chat, lin: Person) -> None:
    said = group.say(lin, "问")
    await bot.reply(said)
    threaded = (await bot.reply(said, reply_in_thread=True))["data"]
    assert (threaded["root_id"], threaded["parent_id"]) == (said, said)
    inside = group.say(lin, "再问", thread=said)
    answer = (await bot.reply(inside))["data"]
    assert (answer["thread_id"], answer["root_id"]) == (threaded["thread_id"], said)
    assert [shown.thread_id[:4] for shown in group.shown] == ["omt_", "", "omt_", "omt_", "omt_"]
    topics = server.group("话题", lin, topics=True)
    root = topics.wire(topics.say(lin, "题"))
    assert (await bot.reply(root["message_id"]))["data"]["thread_id"] == root["thread_id"]
    group.thread_replies = False
    assert (await bot.reply(said, reply_in_thread=True))["code"] == 230071


async def test_own_messages_are_edited_and_deleted_others_are_not(bot: Bot, group: Chat, lin: Person) -> None:
    sent, said = (await bot.send(group, "text", {"text": "0"}))["data"]["message_id"], group.say(lin, "问")
    for number in range(20):
        body = {"msg_type": "text", "content": json.dumps({"text": str(number)})}
        assert await bot.code("PUT", f"{MESSAGES}/{sent}", body) == 0
    assert await bot.code("PUT", f"{MESSAGES}/{sent}", body) == 230072
    assert await bot.code("PUT", f"{MESSAGES}/{said}", body) == 230071
    assert await bot.code("DELETE", f"{MESSAGES}/{said}") == 230026
    assert (group.answers[0].text, group.answers[0].edits) == ("19", 20)
    assert await bot.code("DELETE", f"{MESSAGES}/{sent}") == 0
    assert group.answers == []
    assert (await bot.call("GET", f"{MESSAGES}/{sent}"))["data"]["items"][0]["deleted"] is True


async def test_own_cards_read_back_as_nothing_unless_asked_for(bot: Bot, group: Chat, lin: Person) -> None:
    _card_id, message_id = await bot.shown_card(group)
    path = f"{MESSAGES}/{message_id}"
    for kind, text in (("", "请升级至最新版本客户端"), ("user_card_content", "想一想")):
        (item,) = (await bot.call("GET", path, card_msg_content_type=kind))["data"]["items"]
        assert text in item["body"]["content"]
    bundle = group.say(lin, merged=[(lin, "一"), (lin, "二")])
    head, *inside = (await bot.call("GET", f"{MESSAGES}/{bundle}"))["data"]["items"]
    assert head["body"]["content"] == "Merged and Forwarded Message"
    assert [one["upper_message_id"] for one in inside] == [bundle, bundle]


async def test_reactions_are_of_known_kinds_and_come_back_as_events(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person
) -> None:
    said = group.say(lin, "问")
    path, typing = f"{MESSAGES}/{said}/reactions", {"reaction_type": {"emoji_type": "Typing"}}
    reaction = (await bot.call("POST", path, typing))["data"]["reaction_id"]
    assert [one.signs for one in group.shown] == [("Typing",)]
    assert await bot.code("POST", path, {"reaction_type": {"emoji_type": "typing"}}) == 231001
    assert await bot.code("DELETE", f"{path}/{reaction}") == 0
    group.react(lin, said, "THUMBSUP")
    assert (group.shown[0].reactions, group.shown[0].signs) == (("THUMBSUP",), ())
    operators = [one["event"].get("operator_type") for one in server.events]
    assert operators == ["app", "app", "user"]
    group.recall(lin, said)
    assert await bot.code("POST", path, typing) == 231003


async def test_files_are_had_by_their_own_message(
    bot: Bot, server: FeishuServer, chat: Chat, lin: Person
) -> None:
    said, other = chat.say(lin, "看", images=[PICTURE]), chat.say(lin, file=("run.log", b"log"))
    (_line, (image,)) = json.loads(chat.wire(said)["body"]["content"])["content"]
    url = f"{server.url}/open-apis/{MESSAGES}/{said}/resources/{image['image_key']}?type=image"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token()[0]}"}) as session:
        assert await (await session.get(url)).read() == PICTURE
    path = f"{MESSAGES}/{other}/resources/{image['image_key']}"
    assert [await bot.code("GET", path, type=kind) for kind in ("image", "picture")] == [234003, 234001]
    server.largest_file = 2
    path = f"{MESSAGES}/{other}/resources/{json.loads(chat.wire(other)['body']['content'])['file_key']}"
    assert [await bot.code("GET", path, type=kind) for kind in ("image", "file")] == [234003, 234037]


async def test_what_is_sent_was_uploaded_as_what_it_is(bot: Bot, server: FeishuServer, chat: Chat) -> None:
    image = aiohttp.FormData({"image_type": "message"})
    image.add_field("image", PICTURE, filename="image")
    key = {"image_key": (await bot.upload("images", image))["data"]["image_key"]}
    for name, content, code in (("", b"log", 234001), ("run.log", b"", 234010), ("run.log", b"log", 0)):
        file = aiohttp.FormData({"file_type": "stream", "file_name": name})
        file.add_field("file", content, filename="file")
        told = await bot.upload("files", file)
        assert told["code"] == code
    sent = [("image", key), ("file", told["data"]), ("file", {"file_key": key["image_key"]})]
    assert [(await bot.send(chat, *one))["code"] for one in sent] == [0, 0, 230055]
    assert [(one.kind, one.text, one.data) for one in chat.answers] == [
        ("image", "", PICTURE),
        ("file", "run.log", b"log"),
    ]


async def test_a_thread_is_listed_for_who_may_read_all(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person
) -> None:
    first = group.say(lin, "一")
    inside = group.say(lin, "二", thread=first)
    asked = {"container_id_type": "thread", "container_id": group.shown[0].thread_id}
    server.at_only = True
    assert await bot.code("GET", MESSAGES, **asked) == 230027
    server.at_only = False
    told = await bot.call("GET", MESSAGES, **asked)
    assert [one["message_id"] for one in told["data"]["items"]] == [first, inside]
    falling = await bot.call("GET", MESSAGES, **asked, sort_type="ByCreateTimeDesc", page_size="1")
    assert [one["message_id"] for one in falling["data"]["items"]] == [inside]
    assert await bot.code("GET", MESSAGES, container_id_type="thread", container_id="omt_no") == 230001


async def test_suggestions_stand_below_the_newest_message_of_a_direct_chat(
    clock: Clock, bot: Bot, chat: Chat, lin: Person
) -> None:
    sent = (await bot.send(chat, "text", {"text": "答"}))["data"]["message_id"]
    path, asked = f"{MESSAGES}/{sent}/push_follow_up", {"follow_ups": [{"content": "为什么？"}]}
    assert await bot.code("POST", path, {"follow_ups": []}) == 99992402
    assert await bot.code("POST", path, asked) == 0
    assert [one.bubbles for one in chat.answers] == [("为什么？",)]
    chat.say(lin, "好")
    assert [one.bubbles for one in chat.answers] == [()]
    assert await bot.code("POST", path, asked) == 230001


async def test_rates_are_limited_by_chat_message_and_api(
    server: FeishuServer, clock: Clock, bot: Bot, group: Chat
) -> None:
    server.limits = True
    sent = [await bot.send(group, "text", {"text": "x"}) for _ in range(6)]
    assert [one["code"] for one in sent] == [0] * 5 + [230020]
    info = [await bot.call("GET", "bot/v3/info") for _ in range(51)]
    assert (info[-1]["code"], info[-1]["HTTP"], info[-1]["reset"]) == (99991400, 429, "1")
    clock.now += 1
    server.quota_used_up = True
    assert (await bot.send(group, "text", {"text": "x"}))["code"] == 99991403


async def test_calls_go_wrong_as_scripted(server: FeishuServer, bot: Bot, group: Chat) -> None:
    server.fault("POST /open-apis/im", "drop_after")
    server.fault("POST /open-apis/im", "drop_before")
    server.fault(f"/{MESSAGES}", 99991400, seconds=7)
    for text in "12":
        with pytest.raises(aiohttp.ClientError):
            await bot.send(group, "text", {"text": text})
    refused = await bot.send(group, "text", {"text": "3"})
    assert (refused["code"], refused["reset"]) == (99991400, "7")
    assert [shown.text for shown in group.answers] == ["1"]
    assert [call.status for call in server.made("POST")] == [0, 0, 429]


async def test_the_doctor_finds_rights_events_and_groups(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person
) -> None:
    server.callbacks = False
    server.direct(lin)
    server.group("二班", lin).remove_bot()
    app = (await bot.call("GET", f"application/v6/applications/{server.app_id}", lang="zh_cn"))["data"]["app"]
    assert "im.message.receive_v1" in app["event"]["subscribed_events"]
    assert app["callback_info"] == {
        "callback_type": "websocket",
        "request_url": "",
        "subscribed_callbacks": [],
    }
    rights = (await bot.call("GET", "application/v6/scopes"))["data"]["scopes"]
    assert [one["scope_name"] for one in rights if one["grant_status"] == 2] == ["im:message.group_msg"]
    assert [one["name"] for one in (await bot.call("GET", "im/v1/chats"))["data"]["items"]] == ["一班"]
