"""The slash commands. A method's docstring is its help line, Chinese and English, parted by a slash."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

from adapters.base import Button, Message, Source
from bot import mydata
from bot.mydata_words import Words, words
from bot.replies import Phrases, phrases
from bot.wishes import asks_to_forget
from memory.base import History, MemoryUnavailable, People, Votes

_COMMAND = re.compile(r"\s*[/／](\w+)(?:\s+(.*))?\s*", re.DOTALL)
_CONFIRMING = {"confirm", "确认"}
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command says, with the buttons below it and the sources it names."""

    text: str
    buttons: tuple[Button, ...] = ()
    sources: Sequence[Source] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: by whom, in which conversation, with what behind its name."""

    message: Message
    conversation: str
    arguments: str
    language: str

    @property
    def said(self) -> Phrases:
        """The fixed sentences in the asker's language."""
        return phrases(self.language)

    @property
    def words(self) -> Words:
        """Those about the asker's data."""
        return words(self.language)

    @property
    def person(self) -> str:
        """Who uses it, by id."""
        return self.message.sender.id

    @property
    def in_group(self) -> bool:
        """Whether others read what is said."""
        return self.message.conversation.kind == "group"


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its English and its Chinese name; `run` gives what to show."""

    name: str
    chinese: str
    run: Callable[["Commands", Call], Awaitable[Said]]

    def help_line(self, language: str) -> str:
        """`/new（/新对话）　开始新对话`, or the same in English."""
        chinese, english = (self.run.__doc__ or "").strip().rstrip(".").split(" / ")
        if language == "zh":
            return f"- `/{self.name}`（/{self.chinese}）{chinese}"
        return f"- `/{self.name}` {english}"


class Commands:
    """Finds and runs the command in a message; dates are told in `zone`."""

    def __init__(
        self, course_name: str, history: History, votes: Votes, people: People, zone: ZoneInfo = _UTC
    ) -> None:
        self._course_name = course_name
        self._history = history
        self._votes = votes
        self._people = people
        self._zone = zone
        self._by_name = {name: entry for entry in self.table() for name in (entry.name, entry.chinese)}

    @classmethod
    def table(cls) -> tuple[Command, ...]:
        """All commands, in the order of the help."""
        return (
            Command("help", "帮助", cls.help),
            Command("new", "新对话", cls.new),
            Command("sources", "来源", cls.sources),
            Command("mydata", "我的数据", cls.mydata),
            Command("forget", "忘记我", cls.forget),
            Command("feedback", "反馈", cls.feedback),
        )

    @staticmethod
    def pressed(text: str) -> bool:
        """Whether this came from a button that leaves no trace in the conversation."""
        return text.startswith("/feedback ")

    def named(self, text: str) -> bool:
        """Whether the text is one of the commands by its name, which says little of the asker's language."""
        match = _COMMAND.fullmatch(text)
        return match is not None and match[1].lower() in self._by_name

    def knows(self, text: str) -> bool:
        """Whether the text uses one of the commands, by its name or in plain words."""
        match = _COMMAND.fullmatch(text)
        # One that is misspelt is no part of a question either.
        return self.named(text) or (match is not None and not match[2]) or asks_to_forget(text)

    async def run(self, message: Message, text: str, conversation: str, language: str) -> Said | None:
        """What to show, or None where `text`, the message's cleaned one, is no command."""
        match = _COMMAND.fullmatch(text)
        if match is None:
            call = Call(message, conversation, "", language)
            return await self._forget_here(call) if asks_to_forget(text) else None
        name, arguments = match[1].lower(), (match[2] or "").strip()
        if name in self._by_name:
            return await self._by_name[name].run(self, Call(message, conversation, arguments, language))
        # "/root 满了怎么办" begins with a path, and is a question.
        return None if arguments else Said(phrases(language).unknown_command.format(name=f"`/{name}`"))

    async def help(self, call: Call) -> Said:
        """看看我能做什么 / see what I can do."""
        lines = [command.help_line(call.language) for command in self.table()]
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
        try:
            remembered = await self._history.load(call.conversation, call.person)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        last = remembered.turns[-1].sources if remembered.turns else ()
        if not last:
            return Said(call.words.no_sources)
        # By name in the text, since a platform may fold the links below it.
        names = (" › ".join(filter(None, (one.title, one.heading))) for one in last)
        lines = (f"{number}. {name}" for number, name in enumerate(names, 1))
        return Said("\n".join([call.words.sources, "", *lines]), sources=last)

    async def mydata(self, call: Call) -> Said:
        """看看我记着你的什么 / see what I hold of you."""
        try:
            held = await self._people.held(call.person, spared=call.message.id)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        if call.in_group:
            return Said(mydata.counts_here(held, call.conversation, call.language))
        if mydata.is_nothing(mydata.extent(held)):
            return Said(call.words.nothing_held)
        asked = call.arguments
        number = int(asked) if asked.isdecimal() and 0 < len(asked) < 5 else 1
        return Said(mydata.page(held, call.person, call.conversation, number, call.language, self._zone))

    async def forget(self, call: Call) -> Said:
        """让我忘掉关于你的一切 / have everything I hold of you erased."""
        verb, _, whose = call.arguments.partition(" ")
        if verb.lower() not in _CONFIRMING:
            return await self._ask_back(call)
        if whose and whose != _mark(call.person):
            return Said(call.words.not_yours)
        try:
            # This message stays until its receipt is shown.
            receipt = await self._people.forget(call.person, spared=call.message.id)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        return Said(mydata.receipt_text(receipt, call.language))

    async def feedback(self, call: Call) -> Said:
        """给一条回答点赞或点踩 / vote for or against an answer."""
        vote, _, message_id = call.arguments.partition(" ")
        if vote not in ("up", "down") or not message_id:
            return Said(call.said.vote_usage)
        try:
            await self._votes.put(message_id, call.person, "up" if vote == "up" else "down")
        except MemoryUnavailable:
            return Said(call.said.vote_failed)
        return Said(call.said.voted)

    async def _ask_back(self, call: Call) -> Said:
        try:
            extent = mydata.extent(await self._people.held(call.person, spared=call.message.id))
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        if mydata.is_nothing(extent):
            return Said(call.words.nothing_held)
        # In a group anybody can press it, and nobody is to lose what is theirs by that.
        command = f"/forget confirm {_mark(call.person)}" if call.in_group else "/forget confirm"
        counts = call.words.comma.join(mydata.counted(extent, call.language))
        return Said(call.words.ask.format(counts=counts), (Button(call.words.confirm, command),))

    async def _forget_here(self, call: Call) -> Said:
        try:
            await self._people.forget_in(call.conversation, call.person, spared=call.message.id)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        return Said(call.words.forgotten_here)


def _mark(person: str) -> str:
    return sha256(person.encode(errors="replace")).hexdigest()[:8]
