"""A bot with a staff's chat at Telegram and Feishu at once: what students and staff do there, and read."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import httpx

from memory.client import connect
from memory.desk import RedisDesk
from memory.embedded import EmbeddedServer
from tests.e2e.command_line import COURSE, CommandLine
from tests.e2e.telegram_bot import LIMITS, PATIENCE, SITE, WORKING
from tests.fakes import feishu_server, telegram_chats
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.telegram_server import TelegramServer

Platform = Literal["telegram", "feishu"]
PLATFORMS: tuple[Platform, ...] = ("telegram", "feishu")


@dataclass(frozen=True)
class Note:
    """A message of the bot as it is seen now; `to` is the message that it answers."""

    id: str
    text: str
    to: str
    buttons: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """Somebody on a platform; `id` is what course.toml and commands call them."""

    id: str
    name: str
    there: telegram_chats.Person | feishu_server.Person


@dataclass(frozen=True)
class Chat:
    """A chat with the bot. What it is to answer is addressed to it."""

    bot: "Bot"
    id: str
    there: telegram_chats.Chat | feishu_server.Chat

    def ask(self, person: Person, text: str) -> str:
        """Say it to the bot; the message's id."""
        if isinstance(self.there, telegram_chats.Chat):
            named = text if self.there.kind == "private" else f"@course_ta_bot {text}"
            return self._at_telegram(person, named, None)
        return self._at_feishu(person, text, "", to_bot=self.there.kind != "p2p")

    def say(self, person: Person, text: str, to: str = "") -> str:
        """Say it to nobody, or in the thread of a message; its id."""
        if isinstance(self.there, telegram_chats.Chat):
            return self._at_telegram(person, text, int(to) if to else None)
        # In a group Feishu tells bots of what is said to them alone.
        to_bot = bool(to) and self.there.kind == "group" and self.bot.feishu.at_only
        return self._at_feishu(person, text, to, to_bot)

    def reply(self, person: Person, text: str, note: Note) -> str:
        """Say it in the thread of what the desk showed, as soon as the desk knows that for its own."""
        name = "feishu" if self.id.startswith("feishu:") else f"telegram:{self.there.id}"
        self.bot.wait(lambda: asyncio.run(self.bot.knows(f"{name}:{note.id}")), self)
        return self.say(person, text, note.id)

    def notes(self, *parts: str) -> list[Note]:
        """The bot's messages that have all of these in them and grow no more."""
        if isinstance(self.there, telegram_chats.Chat):
            notes = [
                Note(str(one.id), one.text, str(one.reply_to or ""), tuple(one.buttons))
                for one in self.there.answers
                if not one.text.endswith(WORKING)
            ]
        else:
            notes = [
                Note(one.id, one.text, one.reply_to, tuple(one.buttons))
                for one in self.there.answers
                if not (self._grows(one.id) or one.signs)
            ]
        return [one for one in notes if all(part in one.text for part in parts)]

    def shows(self, text: str) -> bool:
        """Whether a message of the bot has this in it, though it may grow still."""
        return any(text in one.text for one in self.there.answers)

    def read(self, *parts: str) -> Note:
        """The bot's only message that has all of these in it, once there is one."""
        self.bot.wait(lambda: self.notes(*parts), self)
        assert len(self.notes(*parts)) == 1, [one.text for one in self.notes()[-5:]]
        return self.notes(*parts)[0]

    def answer(self, person: Person, text: str) -> Note:
        """What the bot answers them."""
        asked = self.ask(person, text)
        self.bot.wait(lambda: any(one.to == asked for one in self.notes()), self)
        return next(one for one in self.notes() if one.to == asked)

    def recall(self, person: Person, message_id: str) -> None:
        """Take a message back; Telegram would not tell."""
        assert isinstance(self.there, feishu_server.Chat)
        assert isinstance(person.there, feishu_server.Person)
        self.there.recall(person.there, message_id)

    def reactions(self, message_id: str) -> str:
        """The bot's own to this message."""
        assert isinstance(self.there, telegram_chats.Chat)
        return self.there.reactions.get(int(message_id), "")

    def press(self, person: Person, note: Note, button: str) -> None:
        """Press it; returns when the bot has heard of it."""
        if isinstance(self.there, telegram_chats.Chat):
            assert isinstance(person.there, telegram_chats.Person)
            query, telegram = self.there.press(person.there, int(note.id), button), self.bot.telegram
            self.bot.wait(lambda: query in telegram.answered, self)
            return
        assert isinstance(person.there, feishu_server.Person)
        press = self.there.press(person.there, note.id, button)
        self.bot.wait(lambda: press.over, self)
        assert not press.code

    def _grows(self, message_id: str) -> bool:
        # A card that grows is replaced by another one when it is whole.
        entity = self.bot.feishu.messages[message_id].entity
        return entity is not None and "streaming_config" in entity.card["config"]

    def _at_telegram(self, person: Person, text: str, to: int | None) -> str:
        assert isinstance(self.there, telegram_chats.Chat)
        assert isinstance(person.there, telegram_chats.Person)
        return str(self.there.say(person.there, text, reply_to=to))

    def _at_feishu(self, person: Person, text: str, to: str, to_bot: bool) -> str:
        assert isinstance(self.there, feishu_server.Chat)
        assert isinstance(person.there, feishu_server.Person)
        quoting, thread = (to or None, None) if self.there.kind == "p2p" else (None, to or None)
        return self.there.say(person.there, text, reply_to=quoting, thread=thread, at_bot=to_bot)


@dataclass
class Bot:
    """The bot, what is around it, and what the last one that began said."""

    puyu: CommandLine
    telegram: TelegramServer
    feishu: FeishuServer
    model: OpenAIServer
    said: list[str] = field(default_factory=list)
    redis_url: str = ""

    @cached_property
    def ada(self) -> Person:
        """Its admin."""
        return self.person("telegram", "Ada")

    @property
    def settings(self) -> dict[str, str]:
        return {
            "TELEGRAM_BASE_URL": self.telegram.url,
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "FEISHU_DOMAIN": self.feishu.url,
            "FEISHU_APP_ID": self.feishu.app_id,
            "FEISHU_APP_SECRET": self.feishu.app_secret,
            "LLM_BASE_URLS": self.model.url,
            "LLM_PATIENCE": "2",
            "WEB_PUBLIC_URL": SITE,
            "REDIS_URL": self.redis_url,
        }

    @contextmanager
    def serving(self, puyu: CommandLine | None = None, **more: str) -> Iterator[subprocess.Popen[str]]:
        """`puyu serve` from when all is ready, in its own folder or in another one."""
        here = puyu or self.puyu
        with here.opening(**self.settings, **more) as (process, said):
            self.said = said
            self._until_ready(here)
            yield process
        assert not [line for line in said if "Traceback" in line]
        assert self.feishu.flaws == []

    def reload(self) -> None:
        """Have course.toml read again."""
        opened, ada = self._openings(), self.ada
        self.direct(ada).ask(ada, "/reload")
        self.wait(lambda: self._openings() > opened)
        self._until_ready(self.puyu)

    async def knows(self, message_id: str) -> bool:
        """Whether who replies to this message means a question at the desk."""
        # It joins the bot's server.
        url = self.redis_url or await EmbeddedServer(self.puyu.folder / "data").start()
        client = connect(url)
        try:
            return await RedisDesk(client).shown_in([message_id]) is not None
        finally:
            await client.aclose()

    @property
    def prompts(self) -> str:
        """All that the model was told."""
        return "\n".join(str(one.messages) for one in self.model.asked)

    def _until_ready(self, puyu: CommandLine) -> None:
        with httpx.Client(base_url=puyu.url, timeout=PATIENCE) as web:
            self.wait(lambda: web.get("/readyz").json() == [])

    def wait(self, condition: Callable[[], object], *chats: Chat) -> None:
        """Return once it is true."""
        try:
            self.telegram.wait(condition, PATIENCE)
        except TimeoutError:
            told = [one.text for chat in chats for one in chat.notes()]
            raise AssertionError(told[-5:], self.said[-5:]) from None

    def person(self, platform: Platform, name: str) -> Person:
        """Somebody new, who reads Chinese."""
        there = self.telegram.person(name, "zh-hans") if platform == "telegram" else self.feishu.person(name)
        return Person(f"{platform}:{there.id}", name, there)

    def group(self, title: str, *members: Person) -> Chat:
        """A group of these, who are all on one platform."""
        if members[0].id.startswith("telegram:"):
            people = [one.there for one in members if isinstance(one.there, telegram_chats.Person)]
            group = self.telegram.group(title, *people)
            return Chat(self, f"telegram:{group.id}", group)
        those = [one.there for one in members if isinstance(one.there, feishu_server.Person)]
        there = self.feishu.group(title, *those)
        return Chat(self, f"feishu:{there.id}", there)

    def direct(self, person: Person) -> Chat:
        """Their direct chat."""
        if isinstance(person.there, telegram_chats.Person):
            return Chat(self, person.id, self.telegram.direct(person.there))
        there = self.feishu.direct(person.there)
        return Chat(self, f"feishu:{there.id}", there)

    def student(self, platform: Platform, name: str) -> tuple[Person, Chat]:
        """Somebody new, and a group that they are in."""
        person = self.person(platform, name)
        return person, self.group(f"{name}的班", person)

    def _openings(self) -> int:
        return sum("is open at" in line for line in self.said)

    def course(self, staff: Chat, *tas: Person, more: str = "") -> None:
        """Have this staff, and what is `more`, in course.toml besides the sources."""
        people = {"admins": [self.ada.id], "tas": [one.id for one in tas], "chat": staff.id}
        lines = [f"{key} = {json.dumps(value)}" for key, value in people.items()]
        self.puyu.write("course.toml", "\n".join((COURSE + LIMITS, "[staff]", *lines, more)))


@contextmanager
def around(folder: Path, built: Path) -> Iterator[Bot]:
    """All that a bot needs, with an index of the course; `serving` starts it."""
    puyu = CommandLine(folder)
    shutil.copytree(built, folder / "data")
    with ExitStack() as stack:
        telegram, feishu = stack.enter_context(TelegramServer()), stack.enter_context(FeishuServer())
        yield Bot(puyu, telegram, feishu, stack.enter_context(OpenAIServer()))
