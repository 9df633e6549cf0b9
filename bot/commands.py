"""The slash commands of every platform: found in a message, allowed or refused, run, written down."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from zlib import crc32

from adapters.base import Message
from bot import asked
from bot.command import Bound, Command, Misused, bound, least, may
from bot.command_call import Call, Said
from bot.conversations import chat_key
from bot.course import Staff
from bot.handover import is_staff_chat
from bot.roles import Roles
from bot.wishes import asks_to_forget
from memory.base import MemoryUnavailable, Turn
from memory.staff import Audit, Deed

_COMMAND = re.compile(r"\s*[/／](\w+)(?:\s+(.*))?\s*", re.DOTALL)
_SECRET = re.compile(r"//[^/@\s]*@")
_ASKING = {"ask", "start", "more"}

Pointed = Callable[[Call], Awaitable[Said | None]]
"""What is said to a message that points at another one: None where it is an ordinary one."""


async def _nothing(_call: Call) -> Said | None:
    return None


class Commands:
    """Finds and runs the command in a message.

    What the staff does is written to the `audit` log, and who tries it without the right. `pointed` is asked
    first, for messages that are no commands but point at something; `forget` does what is asked for in plain
    words.
    """

    def __init__(
        self,
        course_name: str,
        commands: Iterable[Bound],
        roles: Roles,
        audit: Audit,
        forget: Callable[[Call], Awaitable[Said]],
        pointed: Pointed = _nothing,
        staff: Staff | None = None,
    ) -> None:
        self._course_name = course_name
        self._all = [*bound(self, self.table()), *commands]
        self._roles = roles
        self._audit = audit
        self._forget = forget
        self._pointed = pointed
        self._staff = staff or Staff()
        self._by_name = {name: one for one in self._all for name in (one.told.name, one.told.chinese)}

    @classmethod
    def table(cls) -> tuple[Command["Commands"], ...]:
        """Those of its own."""
        return (Command("help", "帮助", cls.help),)

    @staticmethod
    def pressed(text: str) -> bool:
        """Whether this came from a button that leaves no trace in the conversation."""
        return text.startswith(("/feedback up ", "/feedback down "))

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

    def behind(self, text: str) -> str:
        """The text without the name of a command."""
        name, arguments = self._used(text)
        return arguments if name else text

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
        role = await self._roles.of(message.sender) if name or message.reply_to else "student"
        call = Call(message, conversation, arguments, language, role, text)
        try:
            if name:
                return await self._run(self._by_name[name], call)
            if message.reply_to and (said := await self._pointed(call)) is not None:
                if said.after:
                    await self._audit.put(_deed(call, said.before, said.after))
                return said
            if asks_to_forget(text):
                return await self._forget(call)
        except MemoryUnavailable:
            return Said(call.words.unreachable)
        match = _COMMAND.fullmatch(text)
        # "/root 满了怎么办" begins with a path, and is a question.
        if match is None or match[2]:
            return None
        return Said(call.said.unknown_command.format(name=f"`/{match[1].lower()}`"))

    async def _run(self, command: Bound, call: Call) -> Said:
        told = command.told
        if not may(call.role, told.role):
            await self._audit.put(_deed(call, refused=True))
            return Said(call.said.staff_only)
        try:
            if len(call.arguments.split()) < least(told.usage):
                raise Misused
            said = await command.run(call)
        except Misused as flaw:
            usage = call.said.usage.format(usage=f"`/{told.name} {told.usage}`")
            return Said("\n".join(filter(None, (str(flaw), usage))))
        if told.role != "student":
            await self._audit.put(_deed(call, said.before, said.after))
        return said

    def _used(self, text: str) -> tuple[str, str]:
        """The English name of the command in the text, empty where it is none, and what stands behind it."""
        match = _COMMAND.fullmatch(text)
        entry = self._by_name.get(match[1].lower()) if match else None
        return (entry.told.name, (match[2] or "").strip()) if match and entry else ("", "")

    async def help(self, call: Call) -> Said:
        """看看我能做什么 / see what I can do."""
        shown = [one.told for one in self._all if "help" in one.told.shown and may(call.role, one.told.role)]
        for_all = [one.help_line(call.language) for one in shown if one.role == "student"]
        for_staff = [one.help_line(call.language) for one in shown if one.role != "student"]
        lines = [call.said.help.format(course=self._course_name), "", *for_all]
        if for_staff and (not call.in_group or is_staff_chat(self._staff, call.message)):
            lines += ["", call.said.staff_help, "", *for_staff]
        return Said("\n".join(lines))


def _deed(call: Call, before: str = "", after: str = "", refused: bool = False) -> Deed:
    message = call.message
    at, chat = message.sent_at.timestamp(), chat_key(message.conversation)
    command = _SECRET.sub("//…@", call.text)
    # A message may be edited into another command; who may do nothing is not to fill the log.
    id = f"{message.id}#{crc32(call.text.encode(errors='replace')):08x}"
    if refused:
        id = f"refused:{call.person}:{at // 60:.0f}"
    return Deed(id, at, call.person, message.sender.name, chat, command, before, after, refused)
