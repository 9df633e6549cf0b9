"""What the bot keeps in the inbox reads back as it was written, and what does not is told apart."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from redis.asyncio import Redis

from adapters.base import Button, Conversation, Image, Message, Reply, Sender
from bot.letters import Committed, Memo, Unreadable, from_body, to_body
from memory.base import Source
from rag.types import Source as Cited

SENT_AT = datetime(2026, 11, 22, 9, 30, 1, 123457, timezone(timedelta(hours=8)))
PLAIN = Message("web:1", Conversation("web", "c"), Sender("web:ann"), "怎么量化?", SENT_AT)
FULL = Message(
    "feishu:om_1",
    Conversation("feishu", "oc_1", "group", "omt_1"),
    Sender("feishu:ou_1", "安"),
    'line 1\nline "2" \\ud83d 😀',
    SENT_AT,
    addressed=False,
    images=(Image("image/png", bytes(range(256))), Image("image/jpeg", b"")),
    quoted="前面说的",
    edited=True,
    withdrawn=True,
)
REPLY = Reply(
    FULL.conversation,
    "在这里 [1]",
    (Source("LMDeploy", "量化", "/read/a#b", "0123"),),
    (Button("👍", "/feedback up feishu:om_1"),),
    "feishu:om_1",
    ("feishu:om_2", "feishu:om_3"),
    final=True,
)


@pytest.mark.parametrize("message", [PLAIN, FULL])
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert from_body(to_body(message)) == message


async def test_half_a_character_pair_survives_redis(client: Redis) -> None:
    message = Message("web:\udc00", PLAIN.conversation, PLAIN.sender, "half \ud83d \\ud83d", SENT_AT)
    await client.set("letter", to_body(message))
    assert from_body(str(await client.get("letter"))) == message


def test_a_letter_says_its_version_first_and_wastes_no_bytes() -> None:
    assert to_body(PLAIN).startswith('[1,"web:1",')
    assert "怎么量化" in to_body(PLAIN)


def test_a_committed_answer_comes_back_with_what_was_asked() -> None:
    committed = Committed("怎么\n量化", REPLY, retract="telegram:1:2")
    assert Committed.from_json(committed.to_json()) == committed


def test_a_committed_answer_takes_sources_from_wherever_they_are() -> None:
    reply = Reply(PLAIN.conversation, "x", [Cited("LMDeploy", "量化", "/read/a#b", "0123")])
    [source] = Committed.from_json(Committed("q", reply).to_json()).reply.sources
    assert source == Source("LMDeploy", "量化", "/read/a#b", "0123")


@pytest.mark.parametrize("memo", [Memo(PLAIN, "board:1"), Memo(FULL, "", ("feishu:om_2",))])
def test_a_memo_comes_back_as_it_was(memo: Memo) -> None:
    assert Memo.from_json(memo.to_json()) == memo


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "7",
        "{}",
        "[]",
        "[1]",
        '[1,"web:1"]',
        to_body(PLAIN)[:-1],
        to_body(PLAIN).replace("1", "2", 1),
    ],
)
def test_a_line_that_is_damaged_or_of_another_version_is_unreadable(line: str) -> None:
    for read in (from_body, Committed.from_json, Memo.from_json):
        with pytest.raises(Unreadable, match="cannot be read"):
            read(line)


@pytest.mark.parametrize(("right", "wrong"), [("2026-11-22T", "one day "), ("image/png", 'image/png","é","')])
def test_a_field_that_is_damaged_is_unreadable(right: str, wrong: str) -> None:
    with pytest.raises(Unreadable):
        from_body(to_body(FULL).replace(right, wrong))


def test_times_of_other_zones_are_the_same_moment() -> None:
    utc = Message("web:1", PLAIN.conversation, PLAIN.sender, "x", SENT_AT.astimezone(UTC))
    assert from_body(to_body(utc)).sent_at == SENT_AT
