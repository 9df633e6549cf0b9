"""`puyu serve` as a bot at the fake Feishu server, with a model that says what a test tells it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.e2e.command_line import COURSE, CommandLine, Outcome
from tests.e2e.telegram_bot import LIMITS, PATIENCE, SITE
from tests.fakes.feishu_server import Chat, FeishuServer, Person, Press, Shown
from tests.fakes.openai_server import OpenAIServer


@dataclass
class Bot:
    """The bot as its students see it, and what is around it. `expected`: answers that were waited for."""

    puyu: CommandLine
    feishu: FeishuServer
    model: OpenAIServer
    settings: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    expected: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def serving(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """`puyu serve` from when it is connected; at its end nothing was said that was not waited for."""
        with self.opening(**settings) as process:
            self.wait(lambda: self.problems() == [])
            yield process
        for id, room in self.feishu.rooms.items():
            answers = Chat(self.feishu, room).answers
            assert len(answers) == self.expected.get(id, 0), Chat(self.feishu, room).shown

    @contextmanager
    def opening(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """The same from when its page is open. It tells no secret, and Feishu understands all it says."""
        with self.puyu.opening(**{**self.settings, **settings}) as (process, said):
            self.said = said
            yield process
        secrets = (self.feishu.app_secret, self.feishu.encrypt_key, *self.feishu.tokens)
        assert not [line for line in said if any(secret in line for secret in secrets)]
        assert not [line for line in said if "Traceback" in line]
        assert self.feishu.flaws == []

    def ended(self, **settings: str) -> Outcome:
        """`puyu serve` that gives up by itself."""
        return self.puyu("serve", stdin="", before=None, **{**self.settings, **settings})

    def problems(self) -> list[str]:
        """What is not ready."""
        told: list[str] = httpx.get(f"{self.puyu.url}/readyz", timeout=PATIENCE).json()
        return told

    def wait(self, condition: Callable[[], object]) -> None:
        """Return once it is true."""
        try:
            self.feishu.wait(condition, PATIENCE)
        except TimeoutError:
            raise AssertionError(self.said[-5:], self.feishu.calls[-5:]) from None

    def student(self, name: str = "小林") -> tuple[Person, Chat]:
        """Somebody new, and their direct chat."""
        person = self.feishu.person(name)
        return person, self.feishu.direct(person)

    def ask(self, chat: Chat, person: Person, text: str = "", **more: object) -> Shown:
        """Their message's only answer, which comes after all that were in this chat before."""
        before = len(chat.answers)
        chat.say(person, text, **more)  # type: ignore[arg-type]
        return self.answers(chat, before + 1)[-1]

    def press(self, chat: Chat, person: Person, message: Shown, button: str) -> Press:
        """What who presses it reads."""
        press = chat.press(person, message.id, button)
        self.wait(lambda: press.over)
        return press

    def answers(self, chat: Chat, count: int = 1) -> list[Shown]:
        """So many of the bot's messages in this chat, once it works at none, each where it belongs."""
        self.expected[chat.id] = count

        self.wait(lambda: len(chat.answers) >= count and not self.working(chat))
        assert len(chat.answers) == count, [one.text for one in chat.answers]
        threads = {one.id: one.thread_id for one in chat.shown}
        for answer in chat.answers:
            assert answer.thread_id == threads.get(answer.reply_to, ""), answer
        return chat.answers

    def working(self, chat: Chat) -> bool:
        """Whether something in this chat says that an answer is on its way."""
        # A card that grows is replaced by another one when it is whole.
        there = [one.entity for one in chat.room.kept if one.entity and not one.recalled]
        growing = any("streaming_config" in one.card["config"] for one in there if not one.detached)
        return growing or any(one.streaming or one.signs for one in chat.shown)

    def frames(self, answer: Shown) -> list[str]:
        """What its card showed while it grew, one after the other."""
        entity = self.feishu.messages[answer.id].entity
        calls = self.feishu.made(f"{entity.id}/elements") if entity else []
        return [str(call.body["content"]) for call in calls]

    def later(self) -> None:
        """Two seconds pass on Feishu's clock: what is said next is no part of what was said before."""
        clock = self.feishu.clock
        self.feishu.clock = lambda: clock() + 2


@contextmanager
def around(folder: Path, built: Path, **pages: str) -> Iterator[Bot]:
    """All that a bot needs, with an index of the course and of these pages; `serving` starts it."""
    puyu = CommandLine(folder)
    puyu.write("course.toml", COURSE + LIMITS)
    shutil.copytree(built, folder / "data")
    for name, content in pages.items():
        puyu.write(f"docs/{name}.md", content)
    if pages:
        assert puyu("index").status == 0
    with ExitStack() as stack:
        feishu, model = stack.enter_context(FeishuServer()), stack.enter_context(OpenAIServer())
        settings = {
            "FEISHU_DOMAIN": feishu.url,
            "FEISHU_APP_ID": feishu.app_id,
            "FEISHU_APP_SECRET": feishu.app_secret,
            "LLM_BASE_URLS": model.url,
            "LLM_PATIENCE": "2",
            "WEB_PUBLIC_URL": SITE,
        }
        yield Bot(puyu, feishu, model, settings)
