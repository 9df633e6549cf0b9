"""The commands: what is held of a person is shown to them alone, and erased when they have said so twice."""

import asyncio
import re
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot import mydata_words, phrases
from bot.command_call import Said
from bot.conversations import conversation_key
from bot.course import MemoryScope
from bot.mydata import PAGE
from bot.replies import vote_buttons
from memory.base import Allowance, Fact, Source, Turn
from memory.client import connect
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.mail import Letter
from memory.people import RedisPeople
from memory.quota import RedisQuota
from memory.votes import RedisVotes
from tests.fakes.staffed import student_commands

ANN, BOB = Sender("telegram:42", "Ann"), Sender("telegram:43", "Bob")
DIRECT = Conversation("telegram", "42")
GROUP = Conversation("telegram", "-1001", "group", "7")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON = NOW.timestamp()
DOCUMENT = Source("LMDeploy", "量化", "/read/course/lmdeploy.md#量化", "0123456789ab")


class House:
    """The commands on real memory, and people who talk and use them."""

    def __init__(self, client: Redis, scope: MemoryScope = "member") -> None:
        self.history = RedisHistory(client, window=4)
        self.votes = RedisVotes(client)
        self.people = RedisPeople(client)
        self.inbox = RedisInbox(client)
        self.quota = RedisQuota(client)
        self._commands = student_commands(client, history=self.history)
        self._scope = scope
        self._ids = count(1)

    def key(self, who: Sender, where: Conversation) -> str:
        return conversation_key(where, who, self._scope)

    async def said(
        self, text: str, who: Sender = ANN, where: Conversation = DIRECT, language: str = "zh"
    ) -> Said | None:
        message = Message(f"telegram:{next(self._ids)}", where, who, text, NOW)
        return await self._commands.run(message, text, self.key(who, where), language)

    async def says(
        self, text: str, who: Sender = ANN, where: Conversation = DIRECT, language: str = "zh"
    ) -> str:
        said = await self.said(text, who, where, language)
        assert said is not None
        return said.text

    async def asked(
        self,
        question: str,
        fact: str = "",
        who: Sender = ANN,
        where: Conversation = DIRECT,
        sources: tuple[Source, ...] = (),
        days: int = 0,
    ) -> str:
        """The key of the conversation in which this question was answered."""
        key, id, at = self.key(who, where), f"telegram:{next(self._ids)}", NOON + days * 86400
        facts = [Fact(fact, at, id, who.id)] if fact else []
        await self.history.append(key, Turn(id, question, "an answer", at, sources, who.id), facts)
        return key


@pytest.fixture
def house(client: Redis) -> House:
    return House(client)


async def test_help_shows_commands_so_that_a_chat_lets_one_tap_them(house: House) -> None:
    assert "`" not in await house.says("/help")


async def test_help_lists_all_commands_with_their_chinese_names(house: House) -> None:
    text = await house.says("/help")
    for name in (
        "/ask",
        "/问",
        "/new",
        "/新对话",
        "/sources",
        "/来源",
        "/recall",
        "/撤回",
        "/mydata",
        "/我的数据",
        "/forget",
        "/忘记我",
    ):
        assert name in text
    for name in ("/start", "/more", "/again"):
        assert name not in text


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_starts_is_welcomed_and_shown_how_to_ask(house: House, language: str) -> None:
    welcome = await house.says("/start", language=language)
    assert welcome.count("\n- ") == 3
    assert "Sample" in welcome
    assert "/help" in welcome


async def test_a_group_is_greeted_once_in_both_languages(house: House) -> None:
    welcome = await house.says("/start", where=GROUP)
    chinese, english = welcome.split("\n\n")
    for paragraph in (chinese, english):
        assert {"Sample", "/ask", "/help"} <= set(re.findall(r"Sample|/ask|/help", paragraph))
    assert "不出声" in chinese
    assert "quiet" in english


async def test_a_command_that_lacks_its_question_says_how_to_ask(house: House) -> None:
    assert "/ask" in await house.says("/问")
    assert "question again" in await house.says("/more telegram:9", language="en")


async def test_an_answer_comes_again_with_its_sources_and_buttons(house: House) -> None:
    key = await house.asked("怎么量化", sources=(DOCUMENT,))
    [turn] = (await house.history.load(key)).turns
    first = Said("an answer", vote_buttons(turn.message_id), (DOCUMENT,))
    assert await house.said(f"/again {turn.message_id}") == first
    for number in range(9):
        await house.asked(f"q{number}")
    await house.says("/new")
    assert await house.said(f"/再发 {turn.message_id}") == first


async def test_nobody_gets_an_answer_of_another_conversation_again(house: House) -> None:
    key = await house.asked("CANARY")
    [turn] = (await house.history.load(key)).turns
    gone = await house.said("/again nothing")
    assert await house.said(f"/again {turn.message_id}", who=BOB) == gone
    assert await house.said(f"/again {turn.message_id}", where=GROUP) == gone
    await house.says("/forget confirm")
    assert await house.said(f"/again {turn.message_id}") == gone


async def test_a_new_conversation_leaves_what_is_known_of_the_person_and_says_so(house: House) -> None:
    key = await house.asked("怎么量化", "我用 Windows")
    assert "/forget" in await house.says("/new")
    remembered = await house.history.load(key, ANN.id)
    assert (remembered.turns, [fact.text for fact in remembered.facts]) == ((), ["我用 Windows"])


async def test_the_sources_of_the_last_answer_come_with_their_links(house: House) -> None:
    await house.asked("怎么量化", sources=(DOCUMENT,))
    said = await house.said("/来源")
    assert said is not None
    assert said.sources == (DOCUMENT,)
    assert "1. LMDeploy › 量化" in said.text


async def test_an_answer_without_sources_has_none_to_tell(house: House) -> None:
    none = await house.said("/sources")
    await house.asked("怎么量化", sources=(DOCUMENT,))
    await house.asked("你好")
    assert await house.said("/sources") == none
    assert none is not None
    assert not none.sources


async def test_the_last_answer_is_taken_back(house: House) -> None:
    await house.asked("怎么量化")
    key = await house.asked("端口是多少")
    first, last = (await house.history.load(key)).turns
    assert await house.said("/撤回") == Said(phrases.CHINESE.recalled, retract=last.message_id)
    assert await house.said(f"/recall {first.message_id}") == Said(
        phrases.CHINESE.recalled, retract=first.message_id
    )


async def test_an_answer_before_a_new_start_is_still_taken_back(house: House) -> None:
    key = await house.asked("怎么量化")
    [turn] = (await house.history.load(key)).turns
    await house.says("/new")
    said = await house.said("／撤回")
    assert said is not None
    assert said.retract == turn.message_id


async def test_nobody_takes_the_answer_of_another_back(client: Redis) -> None:
    house = House(client, "chat")
    nothing = await house.said("/recall", where=GROUP)
    assert nothing == Said(phrases.CHINESE.nothing_to_recall)
    key = await house.asked("怎么量化", where=GROUP)
    [anns] = (await house.history.load(key)).turns
    assert await house.said("/recall", who=BOB, where=GROUP) == nothing
    assert await house.said(f"/recall {anns.message_id}", who=BOB, where=GROUP) == nothing
    await house.asked("hello", who=BOB, where=GROUP)
    said = await house.said("/recall", where=GROUP)
    assert said is not None
    assert said.retract == anns.message_id


async def test_in_a_direct_chat_a_vote_against_is_asked_for_its_reason(house: House) -> None:
    said = await house.said("/feedback down telegram:1")
    assert said is not None
    assert said.text == phrases.CHINESE.why_down
    assert [button.label for button in said.buttons] == ["不准确", "没答到点上", "内容过时", "看不懂"]
    assert await house.votes.by(ANN.id, ["telegram:1"]) == {"telegram:1": "down"}
    assert await house.said(said.buttons[2].command) == Said(phrases.CHINESE.voted)
    assert await house.votes.reasons(ANN.id, ["telegram:1"]) == {"telegram:1": "old"}
    assert "1 个反馈" in await house.says("/mydata")


async def test_a_group_does_not_read_of_a_vote_more_than_thanks(house: House) -> None:
    for command in ("/feedback up telegram:1", "/feedback down telegram:1", "/feedback down telegram:1 old"):
        assert await house.said(command, where=GROUP) == Said(phrases.CHINESE.voted)


@pytest.mark.parametrize("arguments", ["down", "up telegram:1 old", "down telegram:1 bad"])
async def test_what_is_no_vote_is_none(house: House, arguments: str) -> None:
    assert await house.says(f"/feedback {arguments}") == phrases.CHINESE.vote_usage
    assert await house.votes.by(ANN.id, ["telegram:1"]) == {}


async def test_all_that_is_held_is_shown_to_the_person(house: House) -> None:
    await house.asked("怎么量化\n要快", "我用 Windows", days=-2)
    here = await house.asked("端口是多少", days=1)
    await house.asked("作业呢", "我在 3 班", where=GROUP)
    await house.votes.put("telegram:1", ANN.id, "up")
    await house.quota.spend("telegram:1", ANN.id, "", NOON, Allowance(9, 9))
    await house.inbox.accept(Letter("telegram:99", here, "[]", NOON, sender=ANN.id))
    text = await house.says("/mydata")
    for words in (
        "2026-11-20 我用 Windows",
        "2026-11-22 我在 3 班",
        "2 个对话",
        "3 组问答",
        "1 个反馈",
        "1 次提问计数",
    ):
        assert words in text
    for words in (
        "1 条正在处理",
        "Telegram · -1001 · 话题 7",
        "Telegram · 42（就是这里）",
        "30 天",
        "180 天",
        "/forget",
    ):
        assert words in text
    assert text.index("2026-11-23 端口") < text.index("2026-11-20 怎么量化 要快") < text.index("作业呢")


async def test_who_has_said_nothing_hears_that_nothing_is_held(house: House) -> None:
    await house.asked("怎么量化", "我用 Windows", who=BOB)
    for command in ("/mydata", "/forget", "/forget confirm"):
        said = await house.said(command)
        assert said == Said("我这里没有记着关于你的内容。")


async def test_much_is_shown_page_by_page_and_nothing_is_left_out(house: House) -> None:
    for number in range(150):
        await house.asked(f"第 {number} 个问题 " + "长" * 100, f"我的第 {number} 件事")
    pages = [await house.says(f"/mydata {page}" if page else "/mydata") for page in range(9)]
    assert "条，发送 `/mydata 2`" in pages[0]
    assert pages[0] == pages[1]
    assert all(len(page) <= PAGE for page in pages)
    everything = "".join(pages)
    assert all(f"第 {number} 个问题" in everything for number in range(150))
    # Of one person in one conversation so many facts are kept.
    assert all(f"我的第 {number} 件事" in everything for number in range(100, 150))
    assert "发送 `/mydata" not in pages[-1]
    assert await house.says("/mydata 9999") == pages[-1]


async def test_a_summary_is_shown_unless_others_share_it(client: Redis) -> None:
    house, shared = House(client), House(client, "chat")
    for number in range(9):
        await house.asked(f"q{number}")
        await shared.asked(f"s{number}", where=GROUP, who=ANN if number % 2 else BOB)
    for talk, where in ((house, DIRECT), (shared, GROUP)):
        key = talk.key(ANN, where)
        _, turns, epoch = await talk.history.unfolded(key)
        assert await talk.history.fold(key, epoch, f"CANARY of {where.kind}", turns)
    text = await house.says("/mydata")
    assert "CANARY of direct" in text
    assert "CANARY of group" not in text


async def test_in_a_group_only_what_it_holds_is_told_and_only_how_much(house: House) -> None:
    await house.asked("CANARY question", "CANARY fact")
    await house.asked("CANARY of the group", "CANARY told in the group", where=GROUP)
    text = await house.says("/mydata", where=GROUP)
    assert "1 组问答、1 条你说过的情况" in text
    assert "私聊" in text
    assert "CANARY" not in text


@pytest.mark.parametrize("scope", ["member", "thread", "chat"])
async def test_what_was_said_in_a_direct_chat_is_in_no_command_of_a_group_nor_the_other_way(
    client: Redis, scope: MemoryScope
) -> None:
    house = House(client, scope)
    hidden = Source("CANARY title", "CANARY heading", "/CANARY", "CANARY")
    await house.asked("DIRECT-CANARY", "DIRECT-CANARY", sources=(hidden,))
    await house.asked("group-canary", "group-canary", where=GROUP)
    texts = (
        "/help",
        "/sources",
        "/mydata",
        "/mydata 2",
        "/forget",
        "忘掉我之前说的",
        "/new",
        "/forget confirm",
    )
    for text in texts:
        assert "CANARY" not in str(await house.said(text, where=GROUP))
    for text in ("/help", "/sources", "/new", "/forget"):
        await house.asked("group-canary", "group-canary", where=GROUP)
        assert "group-canary" not in str(await house.said(text))
    for text in texts:
        assert "canary" not in str(await house.said(text, who=BOB)).lower()


async def test_forgetting_asks_back_with_what_will_be_erased(house: House) -> None:
    key = await house.asked("怎么量化", "我用 Windows")
    said = await house.said("/忘记我")
    assert said is not None
    assert "1 组问答、1 条你说过的情况" in said.text
    assert [(button.label, button.command) for button in said.buttons] == [("确认", "/forget confirm")]
    assert "会删掉 1 个" in said.text
    assert (await house.history.load(key, ANN.id)).facts


@pytest.mark.parametrize("text", ["/forget confirm", "/忘记我 确认", "／FORGET  Confirm"])
async def test_a_confirmed_wish_erases_everything_with_a_receipt(house: House, text: str) -> None:
    here = await house.asked("怎么量化", "我用 Windows")
    there = await house.asked("作业呢", where=GROUP)
    others = await house.asked("hello", "I am Bob", who=BOB)
    await house.votes.put("telegram:1", ANN.id, "up")
    receipt = await house.says(text)
    for line in ("- 2 个对话", "- 2 组问答", "- 1 条你说过的情况", "- 1 个反馈"):
        assert line in receipt.splitlines()
    for key in (here, there):
        remembered = await house.history.load(key, ANN.id)
        assert (remembered.turns, remembered.facts) == ((), ())
    assert len((await house.history.load(others, BOB.id)).facts) == 1
    assert await house.says(text) == await house.says("/mydata")


async def test_nobody_loses_anything_by_pressing_anothers_button(house: House) -> None:
    await house.asked("怎么量化", where=GROUP)
    bobs = await house.asked("hello", "I am Bob", who=BOB, where=GROUP)
    said = await house.said("/forget", where=GROUP)
    assert said is not None
    [button] = said.buttons
    assert "另一位" in await house.says(button.command, who=BOB, where=GROUP)
    assert (await house.history.load(bobs, BOB.id)).facts
    assert "1 组问答" in await house.says(button.command, where=GROUP)


async def test_a_sentence_that_asks_to_be_forgotten_clears_the_conversation_and_names_the_rest(
    house: House,
) -> None:
    here = await house.asked("怎么量化", "我用 Windows")
    elsewhere = await house.asked("作业呢", "我在 3 班", where=GROUP)
    assert "/forget" in await house.says("忘掉我之前说的配置")
    remembered = await house.history.load(here, ANN.id)
    assert (remembered.turns, remembered.facts) == ((), ())
    assert (await house.history.load(elsewhere, ANN.id)).facts
    assert await house.said("怎么忘掉之前的环境变量") is None


async def test_what_commands_say_is_in_the_askers_language(house: House) -> None:
    await house.asked("how to quantise", "I use Windows")
    for text in ("/ask", "/start", "/more 1", "/again 1"):
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in await house.says(text, language="en"))
    for text in ("/recall", "/feedback down 1", "/feedback down 1 old"):
        assert not any(
            "\u4e00" <= letter <= "\u9fff" for letter in str(await house.said(text, language="en"))
        )
    for text in ("/new", "/sources", "/mydata", "/forget", "/forget confirm", "forget what I told you"):
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in await house.says(text, language="en"))


async def test_memory_that_cannot_be_reached_gets_its_sentence() -> None:
    nowhere = connect("unix:///nowhere/redis.sock")
    house = House(nowhere)
    texts = (
        "/new",
        "/sources",
        "/recall",
        "/mydata",
        "/forget",
        "/forget confirm",
        "/again 1",
        "忘掉我之前说的",
    )
    for sentence in await asyncio.gather(*map(house.says, texts)):
        assert "记忆暂时连不上" in sentence
    await nowhere.aclose()


def test_a_command_is_known_with_what_stands_behind_it_and_in_plain_words(client: Redis) -> None:
    commands = student_commands(client)
    for text in ("/forget confirm", "/忘记我 确认", "/mydata 2", "/来源"):
        assert commands.knows(text)
        assert commands.behind(text) == "".join(text.split()[1:])
    assert commands.knows("forget what I told you")
    assert commands.behind("forget what I told you") == "forget what I told you"
    assert not commands.knows("/root 满了怎么办")
    assert not commands.knows("怎么忘掉之前的环境变量")


@pytest.mark.parametrize(
    "said", [(phrases.CHINESE, phrases.ENGLISH), (mydata_words.CHINESE, mydata_words.ENGLISH)]
)
def test_both_languages_have_every_sentence_with_the_same_gaps(
    said: tuple[phrases.Phrases, phrases.Phrases],
) -> None:
    chinese, english = (asdict(one) for one in said)
    for name in chinese:
        gaps = [sorted(re.findall(r"{\w*}", str(one[name]))) for one in (chinese, english)]
        assert gaps[0] == gaps[1], name
