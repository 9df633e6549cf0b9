"""Every command over Telegram and Feishu, by one table: in both languages, without the right, and misused."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest

from bot import desk_words, index_words, mydata_words, numbers_words, phrases, staff_words
from bot.command_table import every
from memory.staff import Role
from tests.e2e import feishu_bot, telegram_bot
from tests.e2e.command_line import COURSE, CommandLine
from tests.e2e.telegram_bot import LIMITS
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.telegram_server import TelegramServer

pytestmark = pytest.mark.e2e

TOLD = {one.name: one for one in every()}
ROLES: Sequence[Role] = ("student", "ta", "admin")
BELOW: Mapping[Role, Role] = {"ta": "student", "admin": "ta"}
PEOPLE = 12
"""Of each role and language: a chat lets the bot write once a second."""

Sentence = Callable[[str], str]
"""What is said in a language, or a piece of it."""


def part(words: Callable[[str], object], name: str, language: str, **values: object) -> str:
    """The longest piece that is always the same of a sentence in this language."""
    sentence: str = getattr(words(language), name)
    for key, value in values.items():
        sentence = sentence.replace(f"{{{key}}}", str(value))
    return max(re.split(r"\{[\w:.]*\}|[*`\n]", sentence), key=len)


def of(words: Callable[[str], object]) -> Callable[..., Sentence]:
    """By its name a sentence of these words, in the language that it is called with."""
    return lambda name, **values: partial(part, words, name, **values)


general = of(phrases.phrases)
personal = of(mydata_words.words)
staff = of(staff_words.staff_words)
index = of(index_words.index_words)
numbers = of(numbers_words.words)
desk = of(desk_words.words)
no_item = desk("no_item", number=999)


def anything(_language: str) -> str:
    """What is said depends on what was asked before."""
    return ""


@dataclass(frozen=True)
class Row:
    """A command, what stands behind it and is said then, and what stands behind it wrongly, where it can."""

    name: str
    used: str
    said: Sentence
    wrong: str | None = None


ROWS = (
    Row("help", "", general("help")),
    Row("ask", "", general("ask_usage")),
    Row("new", "", general("new_conversation")),
    Row("sources", "", personal("no_sources")),
    Row("recall", "", general("nothing_to_recall")),
    Row("mydata", "", personal("nothing_held")),
    Row("forget", "", personal("nothing_held")),
    Row("staff", "", desk("ask_usage")),
    Row("feedback", "404", desk("feedback"), ""),
    Row("start", "", general("welcome")),
    Row("more", "", general("more_gone")),
    Row("again", "", general("again_gone")),
    Row("pending", "", anything, "all"),
    Row("answer", "999 404", no_item, "999"),
    Row("approve", "999", no_item, "all"),
    Row("edit", "999 404", no_item, "all"),
    Row("reject", "999", no_item, "all"),
    Row("assign", "999", no_item, "me"),
    Row("ignore", "999", no_item, "all"),
    Row("merge", "999 998", no_item, "999"),
    Row("mute", "5 GROUP", staff("muted_until"), "soon GROUP"),
    Row("unmute", "GROUP", staff("unmuted"), "GROUP now"),
    Row("mode", "mention GROUP", staff("mode"), "loud GROUP"),
    Row("threshold", "0.5 GROUP", staff("threshold"), "5 GROUP"),
    Row("say", "GROUP 12:00", staff("posted"), "GROUP"),
    Row("quota", "NOBODY 5", staff("limit_set"), "NOBODY none"),
    Row("ban", "NOBODY 2", staff("sure_ban"), "somebody"),
    Row("unban", "NOBODY", staff("unbanned"), ""),
    Row("grant", "NOBODY ta", staff("is_now"), "NOBODY boss"),
    Row("revoke", "NOBODY", staff("is_now"), "somebody"),
    Row("audit", "3", staff("deeds"), "all"),
    Row("status", "", index("status"), "now"),
    Row("reindex", "--force", index("sure_force"), "soon"),
    Row("cancel", "", index("nothing_to_cancel"), "all"),
    Row("versions", "", index("versions"), "all"),
    Row("rollback", "", index("no_before"), "2"),
    Row("source", "list", index("listed"), "show"),
    Row("reload", "", index("reloading"), "all"),
    Row("stats", "", anything, "ever"),
    Row("digest", "", anything, "ever"),
    Row("export", "", anything, "ever"),
    Row("trace", "telegram:1:1", numbers("no_entry")),
)


@dataclass(frozen=True)
class Somebody:
    """A person in their direct chat."""

    chat: Any
    person: Any

    def says(self, text: str) -> Callable[[], str]:
        """What is said to that, empty until it is."""
        before = len(self.chat.answers)
        self.chat.say(self.person, text)
        return lambda: "".join(one.text for one in self.chat.answers[before:])


@dataclass(frozen=True)
class Platform:
    """A fake platform with people of each role and language, ids of a group and of people who never wrote.

    `english` is what people read who use the English names: Feishu does not tell their language.
    """

    people: Mapping[tuple[Role, str], Sequence[Somebody]]
    english: str
    group: str
    nobody: Iterator[str]
    bot: telegram_bot.Bot | feishu_bot.Bot

    def said(self, said: Mapping[str, tuple[Role, str]], language: str) -> Mapping[str, str]:
        """By a name, what somebody of this role reads who says this; each person says one thing at a time."""
        heard: dict[str, str] = {}
        while rest := {name: one for name, one in said.items() if name not in heard}:
            self.bot.later()
            free = {role: iter(self.people[role, language]) for role in ROLES}
            answers = {
                name: somebody.says(text.replace("GROUP", self.group).replace("NOBODY", next(self.nobody)))
                for name, (role, text) in rest.items()
                if (somebody := next(free[role], None))
            }
            self.bot.wait(lambda: all(answer() for answer in answers.values()))  # noqa: B023  it is over then
            heard |= {name: re.sub(r"[*`\\]", "", answer()) for name, answer in answers.items()}
        return heard


@dataclass(frozen=True)
class Bot:
    """`puyu serve` at both, with what it logs."""

    puyu: CommandLine
    telegram: Platform
    feishu: Platform

    def at(self, platform: str) -> Platform:
        return self.telegram if platform == "telegram" else self.feishu


@pytest.fixture(scope="module")
def bot(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    puyu = CommandLine(tmp_path_factory.mktemp("staff"))
    shutil.copytree(built, puyu.folder / "data")
    with ExitStack() as stack:
        telegram, feishu = stack.enter_context(TelegramServer()), stack.enter_context(FeishuServer())
        model = stack.enter_context(OpenAIServer())
        tables: dict[Role, list[str]] = {role: [] for role in ROLES}
        bots = (
            telegram_bot.Bot(puyu, telegram, model, {}),
            feishu_bot.Bot(puyu, feishu, model, {}),
        )
        platforms = Bot(puyu, _at_telegram(bots[0], tables), _at_feishu(bots[1], tables))
        course = "[staff]\n" + "".join(
            f"{key} = {json.dumps(value)}\n"
            for key, value in (
                ("admins", tables["admin"]),
                ("tas", tables["ta"]),
                ("chat", platforms.feishu.group),
            )
        )
        puyu.write("course.toml", COURSE + LIMITS + course)
        settings = {
            "TELEGRAM_BASE_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "FEISHU_DOMAIN": feishu.url,
            "FEISHU_APP_ID": feishu.app_id,
            "FEISHU_APP_SECRET": feishu.app_secret,
            "LLM_BASE_URLS": model.url,
        }
        with puyu.opening(**settings) as (_, said):
            bots[0].wait(lambda: bots[0].problems() == [])
            # So that there is something in the audit log.
            platforms.telegram.said({"mode": ("admin", "/mode mention GROUP")}, "zh")
            yield platforms
        assert not [line for line in said if "Traceback" in line]
        assert feishu.flaws == []


def _at_telegram(bot: telegram_bot.Bot, ids: dict[Role, list[str]]) -> Platform:
    people: dict[tuple[Role, str], Sequence[Somebody]] = {}
    for role, language in product(ROLES, ("zh", "en")):
        those = [bot.telegram.person(role, language) for _ in range(PEOPLE)]
        ids[role] += [f"telegram:{one.id}" for one in those]
        people[role, language] = [Somebody(bot.telegram.direct(one), one) for one in those]
    group = f"telegram:{bot.telegram.group('一班').id}"
    return Platform(people, "en", group, map("telegram:77{}".format, count()), bot)


def _at_feishu(bot: feishu_bot.Bot, ids: dict[Role, list[str]]) -> Platform:
    people: dict[tuple[Role, str], Sequence[Somebody]] = {}
    for role in ROLES:
        those = [bot.feishu.person(role) for _ in range(PEOPLE)]
        ids[role] += [f"feishu:{one.id}" for one in those]
        people[role, "zh"] = [Somebody(bot.feishu.direct(one), one) for one in those]
    group = f"feishu:{bot.feishu.group('一班').id}"
    return Platform(people, "zh", group, map("feishu:ou_none{}".format, count()), bot)


def test_every_command_has_its_row() -> None:
    assert [row.name for row in ROWS if row.name not in TOLD] == []
    assert set(TOLD) == {row.name for row in ROWS}


@pytest.mark.parametrize("platform", ["telegram", "feishu"])
@pytest.mark.parametrize("names", ["english", "chinese"])
def test_who_may_use_a_command_has_it_done(bot: Bot, platform: str, names: str) -> None:
    at, language = bot.at(platform), "zh"
    if names == "english":
        language = at.english
    spoken = {
        row.name: (
            TOLD[row.name].role,
            f"/{row.name if names == 'english' else TOLD[row.name].chinese} {row.used}",
        )
        for row in ROWS
    }
    said = at.said(spoken, language)
    assert {row.name: said[row.name] for row in ROWS if row.said(language) not in said[row.name]} == {}
    assert phrases.phrases(language).staff_only not in said.values()


@pytest.mark.parametrize("platform", ["telegram", "feishu"])
def test_who_may_not_use_a_command_hears_one_polite_sentence(bot: Bot, platform: str) -> None:
    at = bot.at(platform)
    rows = [row for row in ROWS if TOLD[row.name].role != "student"]
    said = at.said({row.name: (BELOW[TOLD[row.name].role], f"/{row.name} {row.used}") for row in rows}, "zh")
    assert set(said.values()) == {phrases.CHINESE.staff_only}


@pytest.mark.parametrize("platform", ["telegram", "feishu"])
def test_who_misuses_a_command_reads_how_it_is_used(bot: Bot, platform: str) -> None:
    at = bot.at(platform)
    rows = [row for row in ROWS if row.wrong is not None]
    said = at.said({row.name: (TOLD[row.name].role, f"/{row.name} {row.wrong}") for row in rows}, "zh")
    usages = {row.name: f"/{row.name} {TOLD[row.name].usage}".strip() for row in rows}
    assert {name: text for name, text in said.items() if usages[name] not in text} == {}


@pytest.mark.parametrize(
    ("platform", "command", "outcome"),
    [
        ("feishu", "/重建索引", index_words.CHINESE.unchanged),
        ("telegram", "/source add files more", index_words.CHINESE.counts["added"].format(1)),
    ],
)
def test_an_index_run_is_followed_in_the_chat_that_asked_for_it(
    bot: Bot, platform: str, command: str, outcome: str
) -> None:
    at = bot.at(platform)
    bot.puyu.write("more/new.md", "# 请假\n\n请假要提前一天告诉班长。\n")
    at.bot.later()
    ada = at.people["admin", "zh"][0]
    before = len(ada.chat.answers)
    answer = ada.says(command)
    at.bot.wait(lambda: index("finished")("zh") in answer())
    _, ran = ada.chat.answers[before:]
    assert outcome in ran.text
    assert not ran.buttons
