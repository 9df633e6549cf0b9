"""The slash commands. A method's docstring is its help line, Chinese and English, parted by a slash."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from adapters.base import Message, place_of
from bot import asked
from bot.command_call import Call, Said
from bot.own_data import OwnData
from bot.phrases import CHINESE, ENGLISH
from bot.replies import reason_buttons, turn_buttons
from bot.wishes import asks_to_forget
from memory.base import REASONS, History, MemoryUnavailable, People, Turn, Votes

_COMMAND = re.compile(r"\s*[/／](\w+)(?:\s+(.*))?\s*", re.DOTALL)
_ASKING = {"ask", "start", "more"}
_UTC = ZoneInfo("UTC")

Shown = Literal["help", "direct", "groups"]
"""Where a command is told of: in the help, in the menu of direct chats, in that of groups."""

_EVERYWHERE: tuple[Shown, ...] = ("help", "direct", "groups")


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its English and its Chinese name; `run` gives what to show.

    Those that are `shown` nowhere stand behind buttons and links.
    """

    name: str
    chinese: str
    run: Callable[["Commands", Call], Awaitable[Said]]
    shown: tuple[Shown, ...] = _EVERYWHERE

    def does(self, language: str) -> str:
        """What it does, in a few words."""
        chinese, english = (self.run.__doc__ or "").strip().rstrip(".").split(" / ")
        return chinese if language == "zh" else english

    def help_line(self, language: str) -> str:
        """`/new（/新对话）开始新对话`, or the same in English; no code, since that cannot be tapped."""
        after = f"（/{self.chinese}）" if language == "zh" else ": "
        return f"- /{self.name}{after}{self.does(language)}"


class Commands:
    """Finds and runs the command in a message; dates are told in `zone`."""

    def __init__(
        self, course_name: str, history: History, votes: Votes, people: People, zone: ZoneInfo = _UTC
    ) -> None:
        self._course_name = course_name
        self._history = history
        self._votes = votes
        self._own_data = OwnData(people, zone)
        self._by_name = {name: entry for entry in self.table() for name in (entry.name, entry.chinese)}

    @classmethod
    def table(cls) -> tuple[Command, ...]:
        """All commands, in the order of the help."""
        return (
            Command("ask", "问", cls.ask),
            Command("help", "帮助", cls.help),
            Command("new", "新对话", cls.new),
            Command("sources", "来源", cls.sources),
            Command("recall", "撤回", cls.recall),
            Command("mydata", "我的数据", cls.mydata, ("help", "direct")),
            Command("forget", "忘记我", cls.forget),
            Command("feedback", "反馈", cls.feedback, ("help",)),
            Command("start", "开始", cls.start, ()),
            Command("more", "再详细", cls.more, ()),
            Command("again", "再发", cls.again, ()),
        )

    @staticmethod
    def pressed(text: str) -> bool:
        """Whether this came from a button that leaves no trace in the conversation."""
        return text.startswith("/feedback ")

    def question(
        self, text: str, turns: Sequence[Turn], quoted: str, language: str, attached: bool = False
    ) -> str | None:
        """What `text` asks where it is a command that asks something, of `turns` or of what it `quoted`.

        It is empty where the question is only in what is `attached`.
        """
        name, arguments = self._used(text)
        if name == "ask":
            return arguments or quoted.strip() or ("" if attached else None)
        # Short messages that followed at once stand in lines of their own.
        first, *others = arguments.split("\n")
        if name == "start":
            question = asked.topic(first.strip())
        elif name == "more":
            question = asked.in_detail(first.strip(), turns, language)
        else:
            return None
        return "\n".join([question, *others]) if question else None

    def named(self, text: str) -> bool:
        """Whether the text is one of the commands by its name, which says little of the asker's language."""
        return bool(self._used(text)[0])

    def knows(self, text: str) -> bool:
        """Whether the text uses one of the commands, by its name or in plain words, and asks nothing."""
        name, arguments = self._used(text)
        if name:
            return not (arguments and name in _ASKING)
        # One that is misspelt is no part of a question either.
        misspelt = (match := _COMMAND.fullmatch(text)) is not None and not match[2]
        return misspelt or asks_to_forget(text)

    async def run(self, message: Message, text: str, conversation: str, language: str) -> Said | None:
        """What to show, or None where `text`, the message's cleaned one, is no command."""
        name, arguments = self._used(text)
        call = Call(message, conversation, arguments, language)
        try:
            if name:
                return await self._by_name[name].run(self, call)
            if asks_to_forget(text):
                return await self._own_data.erased_here(call)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        match = _COMMAND.fullmatch(text)
        # "/root 满了怎么办" begins with a path, and is a question.
        if match is None or match[2]:
            return None
        return Said(call.said.unknown_command.format(name=f"`/{match[1].lower()}`"))

    def _used(self, text: str) -> tuple[str, str]:
        """The English name of the command in the text, empty where it is none, and what stands behind it."""
        match = _COMMAND.fullmatch(text)
        entry = self._by_name.get(match[1].lower()) if match else None
        return (entry.name, (match[2] or "").strip()) if match and entry else ("", "")

    async def ask(self, call: Call) -> Said:
        """问一个问题，在群里也行：/ask 问题 / ask a question, in groups too: /ask QUESTION."""
        return Said(call.said.ask_usage)

    async def start(self, call: Call) -> Said:
        """认识一下 / see who I am."""
        if not call.in_group:
            return Said(call.said.welcome.format(course=self._course_name))
        # Nobody's language is known there.
        both = (said.group_welcome.format(course=self._course_name) for said in (CHINESE, ENGLISH))
        return Said("\n\n".join(both))

    async def more(self, call: Call) -> Said:
        """把一条回答讲得更详细 / have an answer in more detail."""
        return Said(call.said.more_gone)

    async def again(self, call: Call) -> Said:
        """把一条回答再发一次 / have an answer sent again."""
        turn = await self._turn(call.conversation, lambda one: call.arguments in (one.message_id, ""))
        if turn is None:
            return Said(call.said.again_gone)
        return Said(turn.answer, turn_buttons(turn, call.language), turn.sources)

    async def help(self, call: Call) -> Said:
        """看看我能做什么 / see what I can do."""
        lines = [command.help_line(call.language) for command in self.table() if "help" in command.shown]
        return Said("\n".join([call.said.help.format(course=self._course_name), "", *lines]))

    async def new(self, call: Call) -> Said:
        """开始新对话，前面的不再作数 / start a new conversation, what was said before no longer counts."""
        try:
            await self._history.clear(call.conversation)
        except MemoryUnavailable:
            return Said(call.said.forgetting_failed)
        return Said(call.said.new_conversation)

    async def sources(self, call: Call) -> Said:
        """看上一个回答的出处 / see where the last answer comes from."""
        remembered = await self._history.load(call.conversation, call.person)
        last = remembered.turns[-1].sources if remembered.turns else ()
        if not last:
            return Said(call.words.no_sources)
        # By name in the text, since a platform may fold the links below it.
        names = (place_of(one) for one in last)
        lines = (f"{number}. {name}" for number, name in enumerate(names, 1))
        return Said("\n".join([call.words.sources, "", *lines]), sources=last)

    async def recall(self, call: Call) -> Said:
        """撤回我的上一条回答 / take my last answer to you back."""

        def is_meant(turn: Turn) -> bool:
            return turn.sender == call.person and call.arguments in ("", turn.message_id)

        turn = await self._turn(call.conversation, is_meant)
        if turn is None:
            return Said(call.said.nothing_to_recall)
        return Said(call.said.recalled, retract=turn.message_id)

    async def mydata(self, call: Call) -> Said:
        """看看我记着你的什么 / see what I hold of you."""
        return await self._own_data.shown(call)

    async def forget(self, call: Call) -> Said:
        """让我忘掉关于你的一切 / have everything I hold of you erased."""
        return await self._own_data.erased(call)

    async def feedback(self, call: Call) -> Said:
        """给一条回答点赞或点踩 / vote for or against an answer."""
        vote, message_id, why = (*call.arguments.split(maxsplit=2), "", "", "")[:3]
        reason = REASONS.get(why) if vote == "down" else None
        if vote not in ("up", "down") or not message_id or (why and not reason):
            return Said(call.said.vote_usage)
        try:
            await self._votes.put(message_id, call.person, "up" if vote == "up" else "down", reason)
        except MemoryUnavailable:
            return Said(call.said.vote_failed)
        # A group is not to read of every vote: there it is thanked for where only the voter sees it.
        if vote == "up" or reason or call.in_group:
            return Said(call.said.voted)
        return Said(call.said.why_down, reason_buttons(message_id, call.language))

    async def _turn(self, conversation: str, is_meant: Callable[[Turn], bool]) -> Turn | None:
        """The newest such turn, as far back as this conversation is kept."""
        for load in (self._window, self._history.older):
            for turn in reversed(await load(conversation)):
                if is_meant(turn):
                    return turn
        return None

    async def _window(self, conversation: str) -> Sequence[Turn]:
        return (await self._history.load(conversation)).turns
