"""One use of a command, and what the command says to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.base import Button, Enclosure, Message, Source
from bot.errands import Errand
from bot.mydata_words import Words, words
from bot.phrases import Phrases, phrases
from memory.staff import Role


@dataclass(frozen=True, slots=True)
class Said:
    """What a command says, with the buttons below it and the sources it names.

    `retract` is the id of a message whose answer is to be taken back. The `errands` are done when it
    was shown. `before` and `after` tell the audit log what changed.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    sources: Sequence[Source] = ()
    retract: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    errands: tuple[Errand, ...] = ()
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: by whom, in which conversation, with what behind its name.

    `text` is the whole of what was written; `conversation` is the key under which it is remembered.
    """

    message: Message
    conversation: str
    arguments: str
    language: str
    role: Role = "student"
    text: str = ""

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
