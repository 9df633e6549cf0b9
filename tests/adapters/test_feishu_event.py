"""What is said at Feishu becomes a message: whose it is, whether it is for the bot, and what is in it."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.base import Conversation, File, Image, Message, Reply
from adapters.feishu_address import spoken
from adapters.feishu_cards import parts_of
from adapters.feishu_client import FeishuClient
from adapters.feishu_content import LONGEST, Content, content_of, shortened
from adapters.feishu_event import EXPIRED, Arrival, Reader, chat_of
from adapters.feishu_lookup import Lookup
from adapters.feishu_shown import Recent
from tests.fakes.feishu_server import Chat, FeishuServer, Person
from tests.fakes.scripted_bot import Place

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ME = "ou_bot"
BOT = {"key": "@_user_1", "id": {"open_id": ME}, "name": "助教"}
ANN = {"key": "@_user_2", "id": {"open_id": "ou_ann"}, "name": "Ann"}


class Class:
    """A tenant with people in it, and who reads what they do."""

    def __init__(self, server: FeishuServer, client: FeishuClient, reader: Reader, shown: Recent) -> None:
        self.server, self.client, self.reader, self.shown = server, client, reader, shown
        self.lin, self.ann = server.person("小林"), server.person("Ann")
        self.chat = server.direct(self.lin)
        self.group = server.group("一班", self.lin, self.ann)

    async def arrived(self) -> Arrival:
        """What the newest event brings."""
        return await self.reader.read(self.server.events[-1])

    async def came(self) -> Message:
        """The newest event's message."""
        message = (await self.arrived()).message
        assert message
        return message

    async def answer(self, chat: Chat, text: str, to: str = "") -> str:
        """The bot says something, as text."""
        content = {"text": text}
        if to:
            return await self.client.reply(to, "text", content, f"{text} {to}"[:50])
        return await self.client.send(chat.id, "text", content, text[:50])


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.at_only = False
        yield server


@pytest.fixture
async def school(server: FeishuServer) -> AsyncIterator[Class]:
    client, shown = FeishuClient(server.app_id, server.app_secret, server.url), Recent()
    me = await client.open()
    yield Class(server, client, Reader(me, Lookup(client, shown, me, patience=0.3), lambda: NOW), shown)
    await client.close()


async def test_who_writes_is_called_by_their_name_which_is_asked_for_once(school: Class) -> None:
    for _ in range(2):
        school.chat.say(school.lin, "怎么安装？")
        assert (await school.came()).sender.name == "小林"
    assert len(school.server.made("contact/v3/users")) == 1


async def test_who_presses_a_button_is_called_by_their_name(school: Class) -> None:
    card = await school.answer(school.group, "好")
    press = pressed(school.server, school.lin, {"v": 1, "command": "/new"}, school.group.id, card)
    message = (await school.reader.read(press)).message
    assert message
    assert message.sender.name == "小林"


async def test_where_names_may_not_be_told_there_are_none(school: Class) -> None:
    school.server.scopes -= {"contact:contact.base:readonly", "contact:user.base:readonly"}
    for _ in range(2):
        school.chat.say(school.lin, "怎么安装？")
        assert (await school.came()).sender.name == ""
    assert len(school.server.made("contact/v3/users")) == 1


@pytest.mark.parametrize(
    ("said", "mentions", "expected", "called"),
    [
        ("@_user_1 怎么安装？", [BOT], "怎么安装？", True),
        ("@_user_1，怎么安装？", [BOT], "怎么安装？", True),
        ("请问 @_user_1 怎么安装？", [BOT], "请问 怎么安装？", True),
        ("请问 @_user_1怎么安装？", [BOT], "请问 怎么安装？", True),
        ("怎么安装？ @_user_1", [BOT], "怎么安装？", True),
        ("第一行\n@_user_1 第二行", [BOT], "第一行\n第二行", True),
        ("@_user_1 @_user_1 怎么安装？", [BOT], "怎么安装？", True),
        ("@_user_1 /help", [BOT], "/help", True),
        ("/help@_user_1", [BOT], "/help", True),
        ("@_user_1", [BOT], "", True),
        ("@_user_1 问问 @_user_2", [BOT, ANN], "问问 @Ann", True),
        ("@_user_2 怎么安装？", [ANN], "@Ann 怎么安装？", False),
        ("@_all 放假", [], "@all 放假", False),
        ("@_user_19:00 上课吗", [BOT], "9:00 上课吗", True),
        ("@_user_12 好", [BOT | {"key": "@_user_12"}, ANN | {"key": "@_user_1"}], "好", True),
        ("@助教 怎么安装？", [], "@助教 怎么安装？", False),
        ("@_user_1 好", [BOT | {"id": ME}], "好", True),
        ("@_user_1 好", [BOT | {"id": {"open_id": "ou_other"}}], "@助教 好", False),
        ("@_user_3 好", [ANN], "好", False),
    ],
)
def test_the_bots_at_is_taken_out_and_others_are_named(
    said: str, mentions: Sequence[object], expected: str, called: bool
) -> None:
    words = spoken(ME, said, mentions)
    assert (words.text, words.called) == (expected, called)


POST = {
    "title": "装不上",
    "content": [
        [
            {"tag": "at", "user_id": "@_user_1"},
            {"tag": "text", "text": " 看 "},
            {"tag": "a", "text": "这里", "href": "https://a.b"},
        ],
        [{"tag": "img", "image_key": "img_1"}, {"tag": "emotion", "emoji_type": "SMILE"}],
        [{"tag": "code_block", "language": "PYTHON", "text": "import x\n"}],
        [
            {"tag": "img", "image_key": "img_2"},
            {"tag": "hr"},
            {"tag": "md", "text": "**好**"},
            {"tag": "new"},
            7,
        ],
    ],
}
POST_TEXT = "装不上\n@_user_1 看 [这里](https://a.b)\n[SMILE]\n```python\nimport x\n```\n---**好**"
UPGRADE = "请升级至最新版本客户端，以查看内容"
TOMORROW = Content("通知\n明天考试")
PICTURES = (Image("image/png", reference="om_1:img_1"), Image("image/png", reference="om_1:img_2"))
OLD_CARD = {"title": "通知", "elements": [[{"tag": "text", "text": "明天"}, {"tag": "img"}]]}
CARD = {
    "schema": "2.0",
    "config": {"summary": {"content": "x"}},
    "header": {"title": {"tag": "plain_text", "content": "通知"}},
    "body": {
        "elements": [{"tag": "markdown", "content": "明天考试"}, {"tag": "button", "text": {"content": "好"}}]
    },
}


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("text", {"text": "你好"}, Content("你好")),
        ("post", POST, Content(POST_TEXT, PICTURES)),
        ("post", {"zh_cn": {"title": "", "content": [[{"tag": "text", "text": "好"}]]}}, Content("好")),
        (
            "post",
            {"title": "", "content": [[{"tag": "media", "file_key": "f"}]]},
            Content(unreadable="video"),
        ),
        ("image", {"image_key": "img_1"}, Content(images=PICTURES[:1])),
        (
            "file",
            {"file_key": "f", "file_name": "run.log"},
            Content(files=(File("run.log", reference="om_1:f"),)),
        ),
        (
            "file",
            {"file_key": "f", "file_name": "A.PNG"},
            Content(images=(Image("image/png", reference="om_1:f"),)),
        ),
        ("file", {"file_key": "f", "file_name": "a.zip"}, Content(unreadable="file")),
        ("audio", {"file_key": "f", "duration": 2000}, Content(unreadable="voice")),
        ("media", {"file_key": "f"}, Content(unreadable="video")),
        ("sticker", {"file_key": "f"}, Content(unreadable="sticker")),
        ("interactive", OLD_CARD, Content("通知\n明天")),
        ("interactive", CARD, Content("通知\n明天考试")),
        ("interactive", {"elements": [[{"text": UPGRADE}]], "user_dsl": json.dumps(CARD)}, TOMORROW),
        ("interactive", {"elements": [[{"tag": "text", "text": UPGRADE}]]}, Content()),
        ("location", {"name": "北京", "longitude": "1"}, Content(unreadable="other")),
        ("share_chat", {"chat_id": "oc"}, Content(unreadable="other")),
        ("todo", {"task_id": "1"}, Content(unreadable="other")),
        ("vote", {"topic": "?"}, Content(unreadable="other")),
        ("of_tomorrow", {}, Content(unreadable="other")),
        ("system", {"template": "{from_user} joined"}, Content()),
        ("text", {"text": None}, Content()),
        ("text", [1], Content()),
    ],
)
def test_what_is_in_a_message(kind: str, content: object, expected: Content) -> None:
    assert content_of(kind, json.dumps(content), "om_1") == expected


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, "This message was recalled", '{"text": "\\ud83d"}']
)
def test_broken_content_holds_nothing_up(content: str) -> None:
    assert content_of("text", content, "om_1").text in ("", "?")


def test_of_a_long_text_the_beginning_and_the_end_are_kept() -> None:
    text = shortened("a" * 5000 + "Error")
    assert len(text) <= LONGEST
    assert text.startswith("a")
    assert text.endswith("Error")


async def test_a_direct_message_is_always_for_the_bot(school: Class) -> None:
    id = school.chat.say(school.lin, "怎么安装？")
    message = await school.came()
    assert message.id == f"feishu:{id}"
    assert message.conversation == Conversation("feishu", school.chat.id, "direct")
    assert (message.sender.id, message.text) == (f"feishu:{school.lin.id}", "怎么安装？")
    assert message.addressed
    assert abs(message.sent_at.timestamp() - school.server.clock()) < 10


@pytest.mark.parametrize(
    ("how", "addressed"),
    [
        ({}, False),
        ({"at_bot": True}, True),
        ({"at_all": True}, False),
        ({"at_bot": True, "at_all": True}, True),
    ],
)
async def test_in_a_group_what_names_the_bot_is_for_it(
    school: Class, how: Mapping[str, bool], addressed: bool
) -> None:
    school.group.say(school.lin, "怎么安装？", **how)  # type: ignore[arg-type]
    message = await school.came()
    assert message.conversation == Conversation("feishu", school.group.id, "group")
    assert message.addressed == addressed


async def test_a_name_as_the_bots_is_not_the_bot(school: Class) -> None:
    twin = school.server.person(school.server.name)
    school.group.say(school.lin, "怎么安装？", at=[twin])
    message = await school.came()
    assert not message.addressed
    assert message.text == f"@{school.server.name} 怎么安装？"


async def test_a_lost_mention_is_the_bots_where_only_such_messages_come(school: Class) -> None:
    school.group.say(school.lin, "怎么安装？", at_bot=True, mention_lost=True)
    message = await school.came()
    assert (message.addressed, message.text) == (True, "怎么安装？")


async def test_a_lost_mention_is_nobodys_where_all_messages_come(school: Class) -> None:
    school.group.say(school.lin, "吃了吗")
    await school.came()
    school.group.say(school.lin, "怎么安装？", at_bot=True, mention_lost=True)
    message = await school.came()
    assert (message.addressed, message.text) == (False, "怎么安装？")


async def test_a_reply_to_the_bot_is_for_it(school: Class) -> None:
    answer = await school.answer(school.group, "用 pip。")
    school.group.say(school.lin, "然后呢？", reply_to=answer)
    message = await school.came()
    assert message.addressed
    assert message.conversation.thread_id == ""
    assert message.quoted == "用 pip。"


async def test_a_card_of_the_bot_that_it_remembers_no_more_is_read_back(school: Class) -> None:
    place = Conversation("feishu", school.group.id, "group")
    [part] = parts_of(
        Reply(place, "用 `pip` 装 <3.12 的 [1]。", (Place("FAQ", "pip", "/f", ""),), final=True),
        "https://a.b",
    )
    card = await school.client.send(school.group.id, "interactive", part.card, "1")
    school.group.say(school.lin, "然后呢？", reply_to=card)
    message = await school.came()
    assert message.quoted.startswith("用 `pip` 装 <3.12 的 1。")


async def test_what_the_bot_took_back_is_not_told(school: Class) -> None:
    answer = await school.answer(school.group, "用 pip。")
    await school.client.delete(answer)
    school.group.say(school.lin, "然后呢？", reply_to=answer)
    assert (await school.came()).quoted == ""


async def test_what_the_bot_said_is_quoted_from_what_it_remembers(school: Class) -> None:
    answer = await school.answer(school.group, "用 pip。")
    await school.shown.put(answer, "用 pip 安装 [1]。")
    school.group.say(school.lin, "然后呢？", reply_to=answer)
    message = await school.came()
    assert (message.addressed, message.quoted) == (True, "用 pip 安装 [1]。")
    assert not school.server.made("GET /open-apis/im/v1/messages")


async def test_a_reply_to_the_bot_that_names_somebody_else_is_for_them(school: Class) -> None:
    answer = await school.answer(school.group, "用 pip。")
    school.group.say(school.lin, "对吗？", at=[school.ann], reply_to=answer)
    assert not (await school.came()).addressed


async def test_whose_a_message_is_is_asked_once(school: Class) -> None:
    answer = await school.answer(school.group, "用 pip。")
    for text in ("一", "二", "三"):
        school.group.say(school.lin, text, reply_to=answer)
        assert (await school.came()).addressed
    assert len(school.server.made("GET /open-apis/im/v1/messages")) == 1


async def test_a_quoted_message_is_read_with_its_pictures(school: Class) -> None:
    first = school.group.say(school.ann, "报错 TypeError", images=[b"png"])
    school.group.say(school.lin, "这个怎么办？", at_bot=True, reply_to=first)
    message = await school.came()
    assert message.quoted == "报错 TypeError"
    assert message.images[0].reference.startswith(f"{first}:img_")


async def test_a_message_that_came_of_late_is_quoted_without_asking_for_it(school: Class) -> None:
    first = school.group.say(school.ann, "我也是", at=[school.lin])
    await school.came()
    school.group.say(school.lin, "怎么办？", at_bot=True, reply_to=first)
    assert (await school.came()).quoted == "@小林 我也是"
    assert not school.server.made("GET /open-apis/im/v1/messages")


@pytest.mark.parametrize("fault", ["hang", 230002, 99991672])
async def test_a_quote_that_cannot_be_had_is_done_without(school: Class, fault: Any) -> None:
    first = school.group.say(school.ann, "报错了")
    school.server.fault("GET /open-apis/im/v1/messages", fault)
    school.group.say(school.lin, "怎么办？", at_bot=True, reply_to=first)
    message = await school.came()
    assert (message.text, message.quoted, message.addressed) == ("怎么办？", "", True)


async def test_a_quoted_message_that_was_taken_back_is_not_told(school: Class) -> None:
    first = school.group.say(school.ann, "密码是 123")
    await school.came()
    school.group.recall(school.ann, first)
    await school.came()
    school.group.say(school.lin, "怎么办？", at_bot=True, reply_to=first)
    assert (await school.came()).quoted == ""


async def test_a_post_at_the_bot_brings_its_screenshots_in_order(school: Class) -> None:
    pictures = [b"one", b"two"]
    id = school.group.say(school.lin, "报错了", title="求助", at_bot=True, images=pictures)
    message = await school.came()
    assert (message.addressed, message.text) == (True, "求助\n报错了")
    keys = [image.reference.partition(":") for image in message.images]
    assert [owner for owner, _, _ in keys] == [id, id]
    got = [await school.client.download(id, key, "image", 10**7) for _, _, key in keys]
    assert got == pictures


async def test_what_is_said_in_a_thread_stays_in_it(school: Class) -> None:
    first = school.group.say(school.ann, "作业一讨论")
    school.group.say(school.lin, "几号交？", at_bot=True, thread=first)
    message = await school.came()
    assert message.conversation.thread_id.startswith("omt_")


async def test_a_message_names_what_it_points_at_and_what_began_its_thread(school: Class) -> None:
    first = school.group.say(school.ann, "作业一讨论")
    assert (await school.came()).reply_to == ()
    second = school.group.say(school.lin, "几号交？", reply_to=first)
    assert (await school.came()).reply_to == (f"feishu:{first}",)
    school.group.say(school.ann, "周五", reply_to=second)
    assert (await school.came()).reply_to == (f"feishu:{second}", f"feishu:{first}")


async def test_what_is_said_below_a_card_of_the_bot_names_the_card(school: Class) -> None:
    card = await school.answer(school.group, "待答 3 号")
    below = school.group.say(school.ann, "我来答", thread=card)
    assert (await school.came()).reply_to == (f"feishu:{card}",)
    school.group.say(school.lin, "答案是……", reply_to=below)
    message = await school.came()
    assert (message.reply_to, message.addressed) == ((f"feishu:{below}", f"feishu:{card}"), False)


async def test_each_post_of_a_topic_group_begins_a_thread(school: Class) -> None:
    topics = school.server.group("答疑", school.lin, topics=True)
    topics.say(school.lin, "怎么安装？", at_bot=True)
    one = (await school.came()).conversation
    topics.say(school.lin, "怎么卸载？", at_bot=True)
    two = (await school.came()).conversation
    assert one.thread_id.startswith("omt_")
    assert one.thread_id != two.thread_id


async def test_the_beginning_of_a_thread_is_told_once_to_each(school: Class) -> None:
    topics = school.server.group("答疑", school.lin, school.ann, topics=True)
    first = topics.say(school.ann, "报错 TypeError")
    quoted = []
    for person in (school.lin, school.lin, school.ann):
        topics.say(person, "怎么办？", at_bot=True, thread=first)
        quoted.append((await school.came()).quoted)
    assert quoted == ["报错 TypeError", "", "报错 TypeError"]


async def test_a_message_that_comes_again_is_read_as_before(school: Class) -> None:
    topics = school.server.group("答疑", school.lin, school.ann, topics=True)
    topics.say(school.lin, "怎么办？", at_bot=True, thread=topics.say(school.ann, "报错 TypeError"))
    assert await school.came() == await school.came()


async def test_a_question_that_began_its_thread_is_not_quoted_to_who_asked_it(school: Class) -> None:
    topics = school.server.group("答疑", school.lin, topics=True)
    first = topics.say(school.lin, "怎么安装？", at_bot=True)
    await school.came()
    topics.say(school.lin, "然后呢？", at_bot=True, thread=first)
    assert (await school.came()).quoted == ""


async def test_a_forwarded_bundle_is_read_with_its_speakers(school: Class) -> None:
    bob = school.server.person("Bob")
    school.group.say(school.lin, "好", at=[school.ann])  # so that her name is known
    await school.came()
    school.chat.say(school.lin, merged=[(school.ann, "装不上"), (bob, "重启"), (school.ann, "好了")])
    assert (await school.came()).text == "Ann: 装不上\nA: 重启\nAnn: 好了"


async def test_a_quoted_bundle_is_read_too(school: Class) -> None:
    first = school.group.say(school.ann, merged=[(school.lin, "装不上"), (school.ann, "重启")])
    school.group.say(school.lin, "怎么办？", at_bot=True, reply_to=first)
    assert (await school.came()).quoted == "A: 装不上\nB: 重启"


async def test_a_bundle_that_cannot_be_had_is_told_as_unreadable(school: Class) -> None:
    school.server.fault("GET /open-apis/im/v1/messages", 230002)
    school.chat.say(school.lin, merged=[(school.ann, "装不上")])
    assert (await school.came()).unreadable == "other"


async def test_a_recalled_message_is_withdrawn(school: Class) -> None:
    id = school.group.say(school.lin, "怎么安装？")
    school.group.recall(school.lin, id)
    message = await school.came()
    assert (message.id, message.withdrawn) == (f"feishu:{id}", True)
    assert message.conversation.chat_id == school.group.id


async def test_joining_a_group_is_a_start_by_who_added_the_bot(school: Class) -> None:
    school.group.add_bot(school.ann)
    message = await school.came()
    assert message.id.startswith(f"feishu:joined:{school.group.id}:")
    assert (message.text, message.sender.id) == ("/start", f"feishu:{school.ann.id}")
    assert message.addressed
    assert message == await school.came()


async def test_leaving_a_group_is_told(school: Class) -> None:
    school.group.remove_bot()
    assert await school.arrived() == Arrival(left=school.group.id)
    school.group.add_bot()
    school.group.disband()
    assert await school.arrived() == Arrival(left=school.group.id)


async def test_the_menu_says_a_command_in_the_direct_chat(school: Class) -> None:
    school.chat.menu(school.lin, "help")
    stranger = await school.came()
    assert (stranger.text, stranger.conversation.chat_id) == ("/help", school.lin.id)
    school.chat.enter(school.lin)
    assert await school.arrived() == Arrival()
    school.chat.menu(school.lin, "help")
    message = await school.came()
    assert message.conversation == Conversation("feishu", school.chat.id, "direct")
    assert message.sender.name == "小林"


async def test_a_menu_key_that_is_no_word_is_none(school: Class) -> None:
    school.chat.menu(school.lin, "https://x")
    assert await school.arrived() == Arrival()


def pressed(server: FeishuServer, person: Person, value: object, chat: str, card: str) -> dict[str, Any]:
    """A button was pressed."""
    context = {"open_message_id": card, "open_chat_id": chat}
    header = {"event_type": "card.action.trigger", "event_id": "e1", "app_id": server.app_id}
    event = {"operator": {"open_id": person.id}, "action": {"value": value}, "context": context}
    return {"schema": "2.0", "header": header, "event": event}


async def test_a_pressed_button_says_its_command_where_its_card_stands(school: Class) -> None:
    topics = school.server.group("答疑", school.lin, topics=True)
    question = topics.say(school.lin, "怎么安装？", at_bot=True)
    thread = (await school.came()).conversation
    card = await school.answer(topics, "用 pip。", question)
    press = pressed(school.server, school.ann, {"v": 1, "command": "/feedback up x"}, topics.id, card)
    message = (await school.reader.read(press)).message
    assert message
    assert (message.id, message.text) == (f"feishu:press:e1:{card}", "/feedback up x")
    assert (message.conversation, message.sender.id) == (thread, f"feishu:{school.ann.id}")


async def test_a_press_in_a_chat_that_is_not_known_yet_is_placed_too(school: Class) -> None:
    card = await school.answer(school.chat, "用 pip。")
    press = pressed(school.server, school.lin, {"v": 1, "command": "/new"}, school.chat.id, card)
    for _ in range(2):
        message = (await school.reader.read(press)).message
        assert message
        assert message.conversation == Conversation("feishu", school.chat.id, "direct")
    assert len(school.server.made("/im/v1/chats/")) == 1
    assert len(school.server.made("GET /open-apis/im/v1/messages")) == 1


@pytest.mark.parametrize(
    "value", [None, "x", {}, {"v": 2, "command": "/x"}, {"v": 1}, {"v": 1, "command": "x"}]
)
async def test_a_button_of_another_version_is_answered_politely(school: Class, value: object) -> None:
    press = pressed(school.server, school.lin, value, school.chat.id, "om_old")
    assert await school.reader.read(press) == Arrival(toast=EXPIRED)


async def test_what_is_nothing_for_the_bot_is_nothing(school: Class) -> None:
    answer = await school.answer(school.chat, "用 pip。")
    school.chat.react(school.lin, answer, "THUMBSUP")
    assert await school.arrived() == Arrival()
    school.chat.read(school.lin, answer)
    assert await school.arrived() == Arrival()
    school.group.add(school.server.person("Bob"))
    assert await school.arrived() == Arrival()


async def test_what_other_bots_say_is_nothing(school: Class) -> None:
    school.group.say(school.lin, "怎么安装？", at_bot=True)
    event = school.server.events[-1]
    event["event"]["sender"]["sender_type"] = "app"
    assert await school.reader.read(event) == Arrival()


@pytest.mark.parametrize(
    "kind",
    [
        "im.message.receive_v1",
        "im.message.recalled_v1",
        "im.chat.member.bot.added_v1",
        "im.chat.member.bot.deleted_v1",
        "im.chat.access_event.bot_p2p_chat_entered_v1",
        "application.bot.menu_v6",
        "of.tomorrow_v1",
        "",
    ],
)
@pytest.mark.parametrize("event", [None, {}, [], {"message": 7, "sender": []}, {"operator_id": None}])
async def test_an_odd_event_brings_nothing(school: Class, kind: str, event: object) -> None:
    whole = {"header": {"event_type": kind}, "event": event}
    assert await school.reader.read(whole) == Arrival()
    assert chat_of(whole) == ""
