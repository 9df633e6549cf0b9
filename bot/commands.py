"""The slash commands. A method's docstring is its help line, Chinese and English, parted by a slash."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.base import Message
from bot.replies import Phrases, phrases
from memory.base import History, MemoryUnavailable, Votes

_COMMAND = re.compile(r"\s*[/／](\w+)(?:\s+(.*))?\s*", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its English and its Chinese name; `run` gives the text to show."""

    name: str
    chinese: str
    run: Callable[["Commands", Call], Awaitable[str]]

    def help_line(self, language: str) -> str:
        """`/new（/新对话）　开始新对话`, or the same in English."""
        chinese, english = (self.run.__doc__ or "").strip().rstrip(".").split(" / ")
        if language == "zh":
            return f"- `/{self.name}`（/{self.chinese}）{chinese}"
        return f"- `/{self.name}` {english}"


class Commands:
    """Finds and runs the command in a message."""

    def __init__(self, course_name: str, history: History, votes: Votes) -> None:
        self._course_name = course_name
        self._history = history
        self._votes = votes
        self._by_name = {name: entry for entry in self.table() for name in (entry.name, entry.chinese)}

    @classmethod
    def table(cls) -> tuple[Command, ...]:
        """All commands, in the order of the help."""
        return (
            Command("help", "帮助", cls.help),
            Command("new", "新对话", cls.new),
            Command("feedback", "反馈", cls.feedback),
        )

    @staticmethod
    def pressed(text: str) -> bool:
        """Whether this came from a button that leaves no trace in the conversation."""
        return text.startswith("/feedback ")

    def knows(self, text: str) -> bool:
        """Whether the text uses one of the commands."""
        match = _COMMAND.fullmatch(text)
        return match is not None and match[1].lower() in self._by_name

    async def run(self, message: Message, text: str, conversation: str, language: str) -> str | None:
        """The text to show, or None where `text`, the message's cleaned one, is no command."""
        match = _COMMAND.fullmatch(text)
        if match is None:
            return None
        name, arguments = match[1].lower(), (match[2] or "").strip()
        if name in self._by_name:
            return await self._by_name[name].run(self, Call(message, conversation, arguments, language))
        # "/root 满了怎么办" begins with a path, and is a question.
        return None if arguments else phrases(language).unknown_command.format(name=f"`/{name}`")

    async def help(self, call: Call) -> str:
        """看看我能做什么 / see what I can do."""
        lines = [command.help_line(call.language) for command in self.table()]
        return "\n".join([call.said.help.format(course=self._course_name), "", *lines])

    async def new(self, call: Call) -> str:
        """开始新对话，前面的不再作数 / start a new conversation, what was said before no longer counts."""
        try:
            await self._history.clear(call.conversation)
        except MemoryUnavailable:
            return call.said.forgetting_failed
        return call.said.new_conversation

    async def feedback(self, call: Call) -> str:
        """给一条回答点赞或点踩 / vote for or against an answer."""
        vote, _, message_id = call.arguments.partition(" ")
        if vote not in ("up", "down") or not message_id:
            return call.said.vote_usage
        try:
            await self._votes.put(message_id, call.message.sender.id, "up" if vote == "up" else "down")
        except MemoryUnavailable:
            return call.said.vote_failed
        return call.said.voted
