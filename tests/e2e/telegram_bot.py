"""`puyu serve` as a bot at the fake Telegram server, with a model that says what a test tells it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx

from tests.e2e.command_line import COURSE, CommandLine, Outcome
from tests.fakes.openai_server import OpenAIServer, Turn
from tests.fakes.telegram_chats import Chat, Person, Shown
from tests.fakes.telegram_server import TelegramServer

QUESTION = "LMDeploy 怎么量化模型？"
ANSWER = "执行 lmdeploy lite auto_awq 模型路径 可以把模型量化成 W4A16。 [1]"
QUANTISING = "LMDeploy 指南 › 用 LMDeploy 做权重量化"
PORT = "23333"
SITE = "https://course.example"
WORKING = ("▌", "…")
"""How a reply ends that still grows."""

LIMITS = "[limits]\nquestions_per_minute = 1000\n"
PATIENCE = 30.0


@dataclass
class Bot:
    """The bot as its students see it, and what is around it."""

    puyu: CommandLine
    telegram: TelegramServer
    model: OpenAIServer
    settings: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    expected: dict[Chat, int] = field(default_factory=dict)

    @contextmanager
    def serving(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """`puyu serve` from when it is connected; after it no chat has more answers than were waited for."""
        with self.opening(**settings) as process:
            self.wait(lambda: self.problems() == [])
            yield process
        for chat, count in self.expected.items():
            assert len(chat.answers) == count, [one.text for one in chat.answers]

    @contextmanager
    def opening(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """The same from when its page is open. It never tells the token."""
        with self.puyu.opening(**{**self.settings, **settings}) as (process, said):
            self.said = said
            yield process
        assert not [line for line in said if self.telegram.token in line]
        assert not [line for line in said if "Traceback" in line]

    def ended(self, **settings: str) -> Outcome:
        """`puyu serve` that gives up by itself."""
        return self.puyu("serve", stdin="", before=None, **{**self.settings, **settings})

    def problems(self) -> list[str]:
        """What is not ready."""
        told: list[str] = httpx.get(f"{self.puyu.url}/readyz", timeout=PATIENCE).json()
        return told

    def wait(self, condition: Callable[[], object]) -> None:
        """Return once it is true."""
        self.telegram.wait(condition, PATIENCE)

    def student(self, name: str = "小林", language: str = "zh-hans") -> tuple[Person, Chat]:
        """Somebody new, and their direct chat."""
        person = self.telegram.person(name, language)
        return person, self.telegram.direct(person)

    def ask(self, chat: Chat, person: Person, text: str, **more: object) -> Shown:
        """Their message's only answer, which comes after all that were in this chat before."""
        before = len(chat.answers)
        chat.say(person, text, **more)  # type: ignore[arg-type]
        return self.answers(chat, before + 1)[-1]

    def press(self, chat: Chat, person: Person, message: Shown, button: str) -> str:
        """What is shown to who presses it, empty where something was said in the chat."""
        query = chat.press(person, message.id, button)
        self.wait(lambda: query in self.telegram.answered)
        return self.telegram.answered[query]

    def answers(self, chat: Chat, count: int = 1) -> list[Shown]:
        """So many of the bot's messages in this chat, once the last of them grows no more."""
        self.expected[chat] = count
        try:
            self.wait(lambda: len(chat.answers) >= count and not chat.answers[-1].text.endswith(WORKING))
        except TimeoutError:
            raise AssertionError([one.text for one in chat.shown], self.said) from None
        assert len(chat.answers) == count, [one.text for one in chat.answers]
        return chat.answers

    def drafts(self, chat: Chat) -> list[str]:
        """What the drafts in this chat showed of answers, one after the other."""
        texts = [str(call.parameters["text"]) for call in self.telegram.made("sendMessageDraft", chat)]
        return [text.removesuffix(" ▌") for text in texts if not text.endswith("…")]

    def later(self) -> None:
        """Two seconds pass on Telegram's clock: what is said next is no part of what was said before."""
        clock = self.telegram.clock
        self.telegram.clock = lambda: clock() + 2


def grow(texts: list[str]) -> bool:
    """Whether each is the beginning of the next."""
    return all(later.startswith(earlier) for earlier, later in pairwise(texts))


def spun(
    text: str = "先看显存够不够，再选校准集，最后检查精度。", times: int = 6, token_ms: float = 25
) -> Turn:
    """An answer that takes some seconds: the first sentence of the page, spun out."""
    return Turn(text=f"{ANSWER}\n\n{text * times}", token_ms=token_ms)


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
        telegram, model = stack.enter_context(TelegramServer()), stack.enter_context(OpenAIServer())
        settings = {
            "TELEGRAM_BASE_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "LLM_BASE_URLS": model.url,
            "LLM_PATIENCE": "2",
            "WEB_PUBLIC_URL": SITE,
        }
        yield Bot(puyu, telegram, model, settings)
