"""Whose a Telegram message is, and what it says, from updates as they stand on the wire."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.base import Conversation, File, Image, Message, Sender
from adapters.telegram_api import Me
from adapters.telegram_message import QUOTED, Arrival, Reader

Piece = dict[str, Any]

AT = 1_790_000_000
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIN: Piece = {"id": 42, "is_bot": False, "first_name": "小林", "last_name": "林", "language_code": "zh-hans"}
BOT: Piece = {"id": 7, "is_bot": True, "first_name": "助教", "username": "Course_Bot"}
ANONYMOUS: Piece = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
TELEGRAM: Piece = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
DIRECT: Piece = {"id": 42, "type": "private", "first_name": "小林"}
GROUP: Piece = {"id": -1001, "type": "supergroup", "title": "一班", "is_forum": True}
CHANNEL: Piece = {"id": -1002, "type": "channel", "title": "通知"}
THEIRS: Piece = {"message_id": 3, "date": AT, "chat": GROUP, "from": {**LIN, "id": 43}, "text": "显存不够"}
OURS: Piece = {"message_id": 4, "date": AT, "chat": GROUP, "from": BOT, "text": "先装依赖 [1]。再运行。"}
BEGINNING: Piece = {"message_id": 2, "date": AT, "chat": GROUP, "from": BOT} | {
    "forum_topic_created": {"name": "作业", "icon_color": 7322096}
}
SERVICE: tuple[Piece, ...] = (
    {"new_chat_members": [BOT]},
    {"left_chat_member": BOT},
    {"new_chat_title": "二班"},
    {"pinned_message": THEIRS},
    {"forum_topic_created": {"name": "作业", "icon_color": 7322096}},
    {"migrate_to_chat_id": -1003},
    {"migrate_from_chat_id": -9},
)


@pytest.fixture
def reader() -> Reader:
    return Reader(Me(7, "course_bot", "助教", False), now=lambda: NOW)


def entities(text: str) -> list[Piece]:
    """Commands and mentions, where Telegram's server sees them."""
    found = re.finditer(r"(?<![\w/@])(?:@\w+|/[a-z]+(?:@\w+)?)(?![\w/])", text, re.ASCII | re.IGNORECASE)
    return [
        {
            "type": "mention" if match[0].startswith("@") else "bot_command",
            "offset": len(text[: match.start()].encode("utf-16-le")) // 2,
            "length": len(match[0]),
        }
        for match in found
    ]


def said(text: str = "", chat: Piece = GROUP, id: int = 9, **more: Any) -> Piece:
    words = {"text": text, "entities": entities(text)} if text else {}
    return {"message_id": id, "date": AT, "chat": chat, "from": LIN, **words, **more}


def arrivals(reader: Reader, *messages: Piece, kind: str = "message") -> list[Arrival]:
    return reader.read([{"update_id": number, kind: message} for number, message in enumerate(messages, 1)])


def read(reader: Reader, *messages: Piece, kind: str = "message") -> list[Message]:
    return [one.message for one in arrivals(reader, *messages, kind=kind) if one.message]


def one(reader: Reader, message: Piece) -> Message:
    [message_read] = read(reader, message)
    return message_read


def test_a_direct_message_is_for_the_bot(reader: Reader) -> None:
    sent = datetime.fromtimestamp(AT, UTC)
    conversation, sender = Conversation("telegram", "42"), Sender("telegram:42", "小林 林", "zh-hans")
    assert arrivals(reader, said("怎么安装？", DIRECT)) == [
        Arrival(42, Message("telegram:42:9", conversation, sender, "怎么安装？", sent))
    ]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@course_bot 怎么安装？", "怎么安装？"),
        ("@Course_Bot, how do I install it?", "how do I install it?"),
        ("😀👩‍🏫 @COURSE_BOT：怎么安装", "😀👩‍🏫：怎么安装"),
        ("请问 @course_bot 怎么安装", "请问 怎么安装"),
        ("怎么安装 @course_bot？", "怎么安装？"),
        ("第一行\n@course_bot, 第二行", "第一行\n第二行"),
        ("@course_bot", ""),
        ("@course_bot @course_bot 在吗", "在吗"),
        ("@course_bot /new", "/new"),
        ("/ask 怎么安装", "/ask 怎么安装"),
        ("/ask@Course_bot 怎么安装", "/ask 怎么安装"),
        ("用 /help@course_bot 看看", "用 /help 看看"),
        ("/新对话", "/新对话"),
        ("／问@course_bot 怎么安装", "／问 怎么安装"),
    ],
)
def test_in_a_group_its_name_and_commands_are_for_the_bot(reader: Reader, text: str, left: str) -> None:
    message = one(reader, said(text))
    assert message.addressed
    assert message.text == left


@pytest.mark.parametrize(
    "text",
    [
        "今天交作业吗",
        "@course_bot2 怎么安装",
        "@course 怎么安装",
        "问问 course_bot",
        "/ask@other_bot 怎么安装",
        "/ask@other_bot 别问 @course_bot",
        "/帮助@other_bot",
        "/etc/fstab 在哪",
        "可以用 /help",
    ],
)
def test_in_a_group_other_words_are_not(reader: Reader, text: str) -> None:
    assert not one(reader, said(text)).addressed


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@Course_Bot怎么安装", "怎么安装"),
        ("请问@course_bot怎么安装", "请问怎么安装"),
        ("你好，@course_bot", "你好，"),
    ],
)
def test_a_name_between_chinese_letters_is_seen_though_telegram_does_not(
    reader: Reader, text: str, rest: str
) -> None:
    message = one(reader, {**said(), "text": text})
    assert (message.addressed, message.text) == (True, rest)


@pytest.mark.parametrize("text", ["见 a@course_bot", "https://t.me/@course_bot", "@course_bot2怎么"])
def test_what_only_looks_like_the_name_is_not_the_bots(reader: Reader, text: str) -> None:
    message = one(reader, {**said(), "text": text})
    assert not message.addressed


def test_somebody_without_a_username_is_mentioned_by_id(reader: Reader) -> None:
    entity = {"type": "text_mention", "offset": 3, "length": 2, "user": BOT}
    message = one(reader, {**said("😀 助教 在吗"), "entities": [entity]})
    assert (message.addressed, message.text) == (True, "😀 在吗")
    entity["user"] = LIN
    assert not one(reader, {**said("😀 助教 在吗"), "entities": [entity]}).addressed


def test_a_caption_may_name_it_too(reader: Reader) -> None:
    text = "@course_bot 这是什么错误"
    message = one(reader, said(photo=photo(), caption=text, caption_entities=entities(text)))
    assert (message.addressed, message.text) == (True, "这是什么错误")


def test_a_reply_to_the_bot_is_for_it(reader: Reader) -> None:
    message = one(reader, said("为什么", reply_to_message=OURS))
    assert message.addressed
    assert message.quoted == ""


@pytest.mark.parametrize("reply", [THEIRS, BEGINNING])
def test_a_reply_to_somebody_else_or_to_a_topic_as_such_is_not(reader: Reader, reply: Piece) -> None:
    assert not one(reader, said("为什么", reply_to_message=reply)).addressed


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({}, ()),
        ({"reply_to_message": THEIRS}, (3,)),
        ({"reply_to_message": OURS}, (4,)),
        # In a supergroup the first message of all those replies is known too.
        ({"reply_to_message": OURS, "message_thread_id": 3}, (4, 3)),
        ({"reply_to_message": THEIRS, "message_thread_id": 3}, (3,)),
        # What is said in a topic seems a reply to its beginning.
        ({"reply_to_message": BEGINNING, "message_thread_id": 2, "is_topic_message": True}, ()),
        ({"reply_to_message": OURS, "message_thread_id": 2, "is_topic_message": True}, (4,)),
        ({"external_reply": {"origin": {"type": "hidden_user", "date": AT, "sender_user_name": "安"}}}, ()),
    ],
)
def test_what_a_message_is_a_reply_to_is_told_also_where_it_is_not_for_the_bot(
    reader: Reader, more: Piece, ids: tuple[int, ...]
) -> None:
    assert one(reader, said("周五交", **more)).reply_to == tuple(f"telegram:-1001:{id}" for id in ids)


def test_a_command_to_another_bot_is_not_even_as_a_reply(reader: Reader) -> None:
    assert not one(reader, said("/ban@other_bot", reply_to_message=OURS)).addressed


def test_only_topics_are_conversations_of_their_own(reader: Reader) -> None:
    topic = said("@course_bot 在吗", message_thread_id=2, is_topic_message=True, reply_to_message=BEGINNING)
    assert one(reader, topic).conversation == Conversation("telegram", "-1001", "group", "2")
    thread = said("@course_bot 在吗", message_thread_id=3, reply_to_message=THEIRS)
    assert one(reader, thread).conversation == Conversation("telegram", "-1001", "group")
    private = said("在吗", DIRECT, message_thread_id=5, is_topic_message=True)
    assert one(reader, private).conversation == Conversation("telegram", "42", "direct", "5")


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ({"from": ANONYMOUS, "sender_chat": GROUP}, Sender("telegram:-1001", "一班")),
        (
            {"from": ANONYMOUS, "sender_chat": GROUP, "author_signature": "助教组"},
            Sender("telegram:-1001", "助教组"),
        ),
        ({"from": ANONYMOUS, "sender_chat": CHANNEL}, Sender("telegram:-1002", "通知")),
    ],
)
def test_who_writes_as_a_chat_goes_by_the_chat(reader: Reader, sender: Piece, expected: Sender) -> None:
    assert one(reader, {**said("@course_bot 在吗"), **sender}).sender == expected


@pytest.mark.parametrize(
    "sender",
    [
        {"from": BOT},
        {"from": {**BOT, "id": 8, "username": "other_bot"}},
        {"from": TELEGRAM, "sender_chat": CHANNEL, "is_automatic_forward": True},
        {"from": TELEGRAM},
        {"from": None},
        {"from": None, "sender_chat": CHANNEL, "chat": CHANNEL},
    ],
)
def test_bots_channels_and_nobody_are_passed_over(reader: Reader, sender: Piece) -> None:
    assert arrivals(reader, {**said("@course_bot 在吗"), **sender}) == []


@pytest.mark.parametrize("news", SERVICE, ids=lambda news: next(iter(news)))
def test_what_happens_to_a_chat_is_no_message(reader: Reader, news: Piece) -> None:
    assert arrivals(reader, said(**news)) == []


def test_what_is_pointed_at_comes_along(reader: Reader) -> None:
    message = one(reader, said("@course_bot", reply_to_message=THEIRS))
    assert (message.text, message.quoted) == ("", "显存不够")
    caption = {**THEIRS, "caption": "显存不够", "text": None}
    assert one(reader, said("@course_bot", reply_to_message=caption)).quoted == "显存不够"
    long = {**THEIRS, "text": "长" * 3000}
    assert len(one(reader, said("@course_bot", reply_to_message=long)).quoted) == QUOTED


def test_the_part_that_was_chosen_is_what_is_pointed_at(reader: Reader) -> None:
    part = {"text": "再运行", "position": 8, "is_manual": True}
    assert one(reader, said("这是什么意思", reply_to_message=THEIRS, quote=part)).quoted == "再运行"
    assert one(reader, said("这是什么意思", reply_to_message=OURS, quote=part)).quoted == "再运行"
    elsewhere = {"origin": {"type": "channel", "date": AT, "chat": CHANNEL, "message_id": 7}}
    assert one(reader, said("这个呢", external_reply=elsewhere, quote=part)).quoted == "再运行"


def test_the_picture_that_is_pointed_at_comes_along_unless_another_came(reader: Reader) -> None:
    shot = {**THEIRS, "text": None, "photo": photo("shot")}
    assert one(reader, said("@course_bot 这是什么", reply_to_message=shot)).images == image("shot-1280")
    newer = said(caption="还有这个", photo=photo("newer"), reply_to_message=shot)
    assert one(reader, newer).images == image("newer-1280")


def test_forwarded_words_are_what_is_said(reader: Reader) -> None:
    origin = {"type": "hidden_user", "date": AT, "sender_user_name": "某人"}
    message = one(reader, said("显存不够怎么办", DIRECT, forward_origin=origin))
    assert (message.text, message.quoted) == ("显存不够怎么办", "")


@pytest.mark.parametrize("text", ["/grant 5 admin confirm", "\u200b／授权 5 admin"])
def test_a_forwarded_command_is_not_given_by_who_forwards_it(reader: Reader, text: str) -> None:
    origin = {"type": "hidden_user", "date": AT, "sender_user_name": "某人"}
    assert one(reader, said(text, DIRECT, forward_origin=origin)).text == f"> {text}"


def photo(name: str = "p", largest: int = 400_000) -> list[Piece]:
    sizes = {90: 2_000, 320: 30_000, 1280: 200_000, 2560: largest}
    return [
        {"file_id": f"{name}-{width}", "file_unique_id": f"{name}{width}", "width": width, "height": width}
        | {"file_size": size}
        for width, size in sizes.items()
        if width <= 1280 or largest > 400_000
    ]


def image(reference: str) -> tuple[Image, ...]:
    return (Image("image/jpeg", reference=reference),)


def document(name: str, mime: str = "", size: int = 9) -> Piece:
    piece = {"file_id": "F", "file_unique_id": "f", "file_name": name, "file_size": size}
    return {**piece, "mime_type": mime} if mime else piece


def test_a_photo_is_taken_as_large_as_is_good(reader: Reader) -> None:
    assert one(reader, said(photo=photo())).images == image("p-1280")
    assert one(reader, said(photo=photo(largest=1_900_000))).images == image("p-2560")
    assert one(reader, said(photo=photo(largest=2_100_000))).images == image("p-1280")


@pytest.mark.parametrize(
    ("name", "mime", "images", "files", "unreadable"),
    [
        ("屏幕.png", "image/png", (Image("image/png", reference="F"),), (), ""),
        ("train.log", "application/octet-stream", (), (File("train.log", reference="F"),), ""),
        ("README", "text/plain", (), (File("README", reference="F"),), ""),
        ("配置.YAML", "", (), (File("配置.YAML", reference="F"),), ""),
        ("x", "application/json", (), (File("x", reference="F"),), ""),
        ("论文.pdf", "application/pdf", (), (), "file"),
        ("weights", "", (), (), "file"),
    ],
)
def test_documents_are_pictures_texts_or_unreadable(
    reader: Reader, name: str, mime: str, images: Any, files: Any, unreadable: str
) -> None:
    message = one(reader, said(document=document(name, mime), caption="看看"))
    assert (message.text, message.images, message.files) == ("看看", images, files)
    assert message.unreadable == unreadable


FILE: Piece = {"file_id": "F", "file_unique_id": "f"}
MOVING: Piece = {**FILE, "width": 9, "height": 9, "duration": 3}
PLACE: Piece = {"latitude": 31.2, "longitude": 121.4}
STICKER: Piece = {"type": "regular", "is_animated": False, "is_video": False}


@pytest.mark.parametrize(
    ("content", "unreadable"),
    [
        ({"voice": {**FILE, "duration": 3}}, "voice"),
        ({"audio": {**FILE, "duration": 3}}, "voice"),
        ({"video_note": {**FILE, "length": 9, "duration": 3}}, "voice"),
        ({"sticker": {**MOVING, **STICKER}}, "sticker"),
        ({"animation": MOVING, "document": document("a.gif", "image/gif")}, "sticker"),
        ({"dice": {"emoji": "🎲", "value": 6}}, "sticker"),
        ({"video": MOVING}, "video"),
        ({"contact": {"phone_number": "1", "first_name": "A"}}, "other"),
        ({"location": PLACE}, "other"),
        ({"venue": {"location": PLACE, "title": "t", "address": "a"}, "location": PLACE}, "other"),
    ],
)
def test_what_nobody_can_read_is_named(reader: Reader, content: Piece, unreadable: str) -> None:
    message = one(reader, said(chat=DIRECT, **content))
    assert (message.unreadable, message.text, message.addressed) == (unreadable, "", True)


def edited(text: str, at: int = AT + 60, **more: Any) -> Piece:
    return said(text, edit_date=at, **more)


def test_an_edit_is_the_message_anew(reader: Reader) -> None:
    arrivals(reader, said("@course_bot 怎么安装"))
    [message] = read(reader, edited("@course_bot 怎么卸载"), kind="edited_message")
    assert (message.id, message.text, message.edited) == ("telegram:-1001:9", "怎么卸载", True)
    assert message.sent_at == datetime.fromtimestamp(AT + 60, UTC)


def test_an_edit_that_changes_nothing_is_nothing(reader: Reader) -> None:
    arrivals(reader, said("看 https://example.org"), said("图", id=10, photo=photo()))
    assert arrivals(reader, edited("看 https://example.org"), kind="edited_message") == []
    assert arrivals(reader, edited("图", id=10, photo=photo()), kind="edited_message") == []
    assert read(reader, edited("图", id=10, photo=photo("other")), kind="edited_message")


def test_an_edit_back_to_what_it_was_is_one(reader: Reader) -> None:
    arrivals(reader, said("甲"))
    edits = edited("乙", AT + 1), edited("甲", AT + 2), edited("甲", AT + 3)
    assert [one.text for one in read(reader, *edits, kind="edited_message")] == ["乙", "甲"]


def test_what_was_not_taken_is_read_again_as_it_was(reader: Reader) -> None:
    first, edit = said("甲"), edited("乙")
    for _ in range(2):
        assert [one.text for one in read(reader, first)] == ["甲"]
        assert [one.text for one in read(reader, edit, kind="edited_message")] == ["乙"]
    arrivals(reader, first)
    assert arrivals(reader, edited("乙", AT + 90), kind="edited_message") == []


def test_an_edit_after_two_days_is_nothing(reader: Reader) -> None:
    late = AT + int(timedelta(hours=48).total_seconds())
    assert arrivals(reader, edited("甲", late + 1), kind="edited_message") == []
    assert read(reader, edited("甲", late), kind="edited_message")


def test_somebody_who_moves_on_a_map_says_nothing_new(reader: Reader) -> None:
    assert arrivals(reader, said(location=PLACE, edit_date=AT + 5), kind="edited_message") == []


def part(number: int, caption: str = "", **more: Any) -> Piece:
    words: Piece = {"caption": caption, "caption_entities": entities(caption)} if caption else {}
    return said(id=number, photo=photo(str(number)), media_group_id="77", **words, **more)


def test_an_album_is_for_the_bot_as_a_whole(reader: Reader) -> None:
    first, second = read(reader, part(1), part(2, "@course_bot 这两张", reply_to_message=THEIRS))
    [third] = read(reader, part(3))
    assert [one.addressed for one in (first, second, third)] == [True] * 3
    assert [one.quoted for one in (first, second, third)] == ["显存不够"] * 3
    assert [one.text for one in (first, second, third)] == ["", "这两张", ""]


def test_another_album_is_not(reader: Reader) -> None:
    arrivals(reader, part(1, "@course_bot 这两张"))
    [message] = read(reader, {**part(2), "media_group_id": "78"})
    assert not message.addressed


def pressed(**more: Any) -> Piece:
    press = {"id": "5", "from": LIN, "chat_instance": "x", "data": "/feedback up telegram:-1001:9"}
    return {"update_id": 1, "callback_query": {**press, "message": OURS, **more}}


def test_a_press_is_what_its_button_says(reader: Reader) -> None:
    place = {"is_topic_message": True, "message_thread_id": 2}
    sender = Sender("telegram:42", "小林 林", "zh-hans")
    conversation = Conversation("telegram", "-1001", "group", "2")
    said = Message("telegram:press:5", conversation, sender, "/feedback up telegram:-1001:9", NOW)
    assert reader.read([pressed(message={**OURS, **place})]) == [Arrival(-1001, said, "5")]


def test_a_press_on_a_message_out_of_reach_still_counts(reader: Reader) -> None:
    [arrival] = reader.read([pressed(message={"chat": GROUP, "message_id": 4, "date": 0})])
    assert arrival.message
    assert arrival.message.conversation == Conversation("telegram", "-1001", "group")


@pytest.mark.parametrize(("more", "chat"), [({"data": None}, -1001), ({"message": None}, 0)])
def test_a_press_that_says_nothing_is_only_answered(reader: Reader, more: Any, chat: int) -> None:
    assert reader.read([pressed(**more)]) == [Arrival(chat, press_id="5")]


def changed(chat: Piece, old: str, new: Piece) -> Piece:
    """The update of what became of the bot in a chat."""
    change = {"chat": chat, "from": LIN, "date": AT, "old_chat_member": {"user": BOT, "status": old}}
    return {"update_id": 1, "my_chat_member": {**change, "new_chat_member": {"user": BOT, **new}}}


def test_who_takes_the_bot_into_a_group_is_welcomed_once(reader: Reader) -> None:
    [arrival] = reader.read([changed(GROUP, "left", {"status": "member"})])
    welcomed = Message(
        f"telegram:joined:-1001:{AT}",
        Conversation("telegram", "-1001", "group"),
        Sender("telegram:42", "小林 林", "zh-hans"),
        "/start",
        datetime.fromtimestamp(AT, UTC),
    )
    assert arrival == Arrival(-1001, welcomed)


@pytest.mark.parametrize("chat", [DIRECT, CHANNEL])
def test_a_chat_that_the_bot_is_back_in_is_open(reader: Reader, chat: Piece) -> None:
    assert reader.read([changed(chat, "left", {"status": "member"})]) == [Arrival(chat["id"])]


def test_a_group_that_the_bot_was_in_before_hears_no_second_welcome(reader: Reader) -> None:
    assert reader.read([changed(GROUP, "member", {"status": "member"})]) == [Arrival(-1001)]


@pytest.mark.parametrize("gone", [{"status": "left"}, {"status": "kicked", "until_date": 0}])
def test_a_chat_that_the_bot_is_put_out_of_brings_nothing(reader: Reader, gone: Piece) -> None:
    assert reader.read([changed(GROUP, "member", gone)]) == []


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"update_id": 1, "message": 5},
        {"update_id": 1, "message": {"text": "没有日期"}},
        {"update_id": 1, "message": {**said("早"), "date": 10**18}},
        {"update_id": 1, "message": {**said("早"), "entities": [{"type": "mention", "offset": "x"}]}},
        {"update_id": 1, "message": {**said("早"), "chat": []}},
        {"update_id": 1, "unheard_of": {}},
        {"update_id": 1, "channel_post": {**said("早"), "chat": CHANNEL}},
    ],
)
def test_what_cannot_be_read_holds_nothing_up(
    reader: Reader, odd: Piece, caplog: pytest.LogCaptureFixture
) -> None:
    [arrival] = reader.read([odd, {"update_id": 2, "message": said("在吗", DIRECT)}])
    assert arrival.message
    assert "早" not in caplog.text


def test_it_forgets_what_was_long_ago(reader: Reader) -> None:
    arrivals(reader, said("甲"))
    for id in range(10, 5000):
        arrivals(reader, said("甲", id=id))
    assert read(reader, edited("甲"), kind="edited_message")
