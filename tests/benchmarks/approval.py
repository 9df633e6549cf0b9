"""From approval until everybody gets the answer: `python -m tests.benchmarks.approval [--data FOLDER]`.

The whole bot, at the fake Telegram server; with data the course's documents and its golden questions.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.benchmarks.corpora import Words, write_course
from tests.benchmarks.house import row
from tests.e2e.command_line import CommandLine
from tests.e2e.telegram_bot import LIMITS, SITE, Bot
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.telegram_chats import Chat, Person
from tests.fakes.telegram_server import TelegramServer

FILES = 1000
PATIENCE = 90.0
THINGS = ("储物柜", "会议室", "打印机", "投影仪", "咖啡机")
KINDS = (("dev.jsonl", "positive"), ("negatives_dev.jsonl", "label"))


def main(arguments: list[str]) -> int:
    """Print each figure beside its goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    data = parser.parse_args(arguments).data
    print(f"(load of the machine {os.getloadavg()[0]:.1f})")
    with tempfile.TemporaryDirectory() as folder, TelegramServer() as telegram, OpenAIServer() as model:
        ta, student, other = (telegram.person(name) for name in ("王老师", "小林", "小陈"))
        staff = telegram.group("助教", ta)
        puyu = CommandLine(Path(folder))
        source = _known(data / "course", puyu) if data else _made_up(puyu)
        named = f'[staff]\nchat = "telegram:{staff.id}"\nadmins = ["telegram:{ta.id}"]\n'
        puyu.write("course.toml", source + LIMITS + named)
        began = time.perf_counter()
        assert puyu("index").status == 0
        row("the first index", time.perf_counter() - began, "s", None, None)
        settings = {
            "TELEGRAM_BASE_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "WEB_PUBLIC_URL": SITE,
        }
        bot = Bot(puyu, telegram, model, settings)
        with puyu.opening(**settings):
            bot.wait(lambda: bot.problems() == [])
            asking = Asking(bot, staff, ta, student, other)
            lives = [asking.live(thing, number) for number, thing in enumerate(THINGS, 1)]
        row("approved to live, median", statistics.median(lives), "s", 60, 5)
        row("  the slowest", max(lives), "s", 60, 5)
    return 0


def _made_up(puyu: CommandLine) -> str:
    write_course(puyu.folder / "pages", FILES, Words())
    return '[[sources]]\nkind = "files"\npath = "pages"\n'


def _known(course: Path, puyu: CommandLine) -> str:
    rows = []
    for name, what in KINDS:
        for line in (course / "eval" / name).read_text("utf-8").splitlines():
            values = json.loads(line)
            rows.append({"query": values["query"], what: values.get(what, False)})
    puyu.write("evals/golden.jsonl", "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in rows))
    return (
        f'[[sources]]\nkind = "files"\npath = "{course.resolve()}"\ninclude = ["docs/**/*.md", "qa/*.csv"]\n'
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """A student who asks, a TA who answers and approves, and another student who asks the same."""

    bot: Bot
    staff: Chat
    ta: Person
    student: Person
    other: Person

    def live(self, thing: str, number: int) -> float:
        """Seconds from the TA's approval, the `number`th, until this is what the bot answers from."""
        asking, deciding, hearing = map(self.bot.telegram.direct, (self.student, self.ta, self.other))
        secret = f"口令 {number + 700}"
        asking.say(self.student, f"/staff {thing}的密码在哪里领？")
        self._wait(lambda: len(self._items()) >= number)
        item = max(self._items())
        # Not in the staff's group: Telegram lets the bot write there every three seconds.
        deciding.say(self.ta, f"/answer {item} {thing}的密码找前台领，{secret}。")
        self._wait(lambda: _said(asking, secret))
        page = f"{self.bot.puyu.url}/read/approved/desk-{item}"
        began = time.perf_counter()
        deciding.say(self.ta, f"/approve {item}")
        self._wait(lambda: httpx.get(page).is_success)
        seconds = time.perf_counter() - began
        hearing.say(self.other, f"{thing}的密码去哪里领呢？")
        self._wait(lambda: _said(hearing, secret))
        return seconds

    def _items(self) -> set[int]:
        return {int(item) for one in self.staff.answers for item in re.findall(r"#(\d+)", one.text)}

    def _wait(self, condition: Callable[[], object]) -> None:
        self.bot.telegram.wait(condition, PATIENCE)


def _said(chat: Chat, text: str) -> int:
    return sum(text in one.text for one in chat.answers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
