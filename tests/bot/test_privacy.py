"""What was said in one conversation is shown in no other, even where all that is known is told."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.course import Course, FilesConfig, Group, MemoryScope
from memory.history import RedisHistory
from rag.types import NO_PAST, Answer, Past
from tests.fakes import staffed

ANN, BOB = Sender("telegram:42", "Ann"), Sender("telegram:43", "Bob")
DIRECT = Conversation("telegram", "42")
GROUP = Conversation("telegram", "-1001", "group")
OTHER = Conversation("telegram", "-1002", "group")
THREAD = Conversation("telegram", "-1001", "group", "7")


class TellsAll:
    """Answers with everything it is given."""

    async def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        told = [*past.history, *await past.own(), past.summary, *past.facts]
        yield Answer(f"{question}: {told}", (), "answered", question, final=True)


class Bot:
    """A whole bot but for its platforms and its model; turns are remembered as its workers do."""

    def __init__(self, client: Redis, scope: MemoryScope) -> None:
        source = FilesConfig(kind="files", path=Path("docs"))
        course = Course(folder=Path(), sources=(source,), groups={"default": Group(memory=scope)})
        self._history = RedisHistory(client, window=3)
        self._assistant = staffed.assistant(client, TellsAll(), course, history=self._history)
        self._ids = count(1)

    async def says(self, text: str, where: Conversation, who: Sender = ANN) -> AsyncIterator[str]:
        """All that is shown for this message, on the way and in the end."""
        message = Message(f"telegram:{next(self._ids)}", where, who, text, datetime.now(UTC))
        async for step in self._assistant.steps(message):
            if kept := step.kept:
                await self._history.append(self._assistant.key(message), kept.turn, kept.facts, kept.epoch)
            yield f"{step.reply.text} {step.reply.sources} {step.reply.buttons}"

    async def tells(self, text: str, where: Conversation, who: Sender = ANN) -> str:
        return "\n".join([shown async for shown in self.says(text, where, who)])


@pytest.mark.parametrize("scope", ["member", "thread", "chat"])
async def test_no_canary_is_seen_from_elsewhere(client: Redis, scope: MemoryScope) -> None:
    bot = Bot(client, scope)
    for number in range(6):
        for where, canary in ((DIRECT, "7770001"), (GROUP, "7770002"), (OTHER, "7770003")):
            await bot.tells(f"我的 uid 是 {canary}，我用 Windows {number}", where)
    await bot.tells("我的 uid 是 7770004", THREAD, BOB)
    for text in (
        "我的 uid 是多少",
        "我之前说过什么",
        "/sources",
        "/mydata",
        "/forget",
        "/help",
        "/new",
        "忘掉我说的",
    ):
        for where, canary in ((GROUP, "7770002"), (OTHER, "7770003")):
            told = (
                (await bot.tells(text, where)).replace(canary, "").replace("7770004" * (scope == "chat"), "")
            )
            assert "777000" not in told, (text, where)
        # All that is held of Ann is hers to see, in her own chat and by this command alone.
        told = (await bot.tells(text, DIRECT)).replace("7770001", "")
        assert "777000" not in told or text == "/mydata"
        assert "7770004" not in told
    assert "7770001" not in await bot.tells("我的 uid 是多少", DIRECT, BOB)


async def test_what_is_told_in_a_conversation_is_known_in_it(client: Redis) -> None:
    bot = Bot(client, "member")
    await bot.tells("我的 uid 是 7770001", GROUP)
    assert "7770001" in await bot.tells("我的 uid 是多少", GROUP)
    assert "7770001" not in await bot.tells("我的 uid 是多少", GROUP, BOB)
    assert "7770001" not in await bot.tells("我的 uid 是多少", THREAD)
