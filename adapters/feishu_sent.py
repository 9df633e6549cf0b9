"""What a reply was sent under at Feishu, as the bot keeps it: feishu:MESSAGE:TOKEN, one for each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Enclosed = Literal["image", "file"]
Form = Literal["entity", "card", "post", "text"] | Enclosed
"""A card that CardKit changes, a card as such, what is shown where no card can be; and enclosures."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a reply; without an id it was begun, and nobody knows whether it arrived.

    The token makes this sending known to Feishu: the card's id, or the form and the message that is replaced,
    or the form and what is enclosed.
    """

    message_id: str
    token: str

    @classmethod
    def plain(cls, form: Form, replaced: str = "") -> "Sent":
        """What is about to be sent in the place of another message."""
        return cls("", f"{form}-{replaced}")

    @classmethod
    def enclosure(cls, form: Enclosed, name: str, data: bytes) -> "Sent":
        """This file, about to be sent."""
        return cls("", f"{form}-{sha256(name.encode() + data).hexdigest()[:16]}")

    @property
    def form(self) -> Form:
        match self.token.partition("-"):
            case ("card" | "post" | "text" | "image" | "file" as form, "-", _):
                return form
            case _:
                return "entity"

    @property
    def replaced(self) -> str:
        """The id of the message in whose place it comes."""
        return "" if self.form in ("image", "file") else self.token.partition("-")[2]

    def __str__(self) -> str:
        return f"feishu:{self.message_id}:{self.token}"


def sent_of(sent_id: str) -> list[Sent]:
    """What `str` wrote, joined by commas. Raises ValueError."""
    found = []
    for one in filter(None, sent_id.split(",")):
        _, message_id, token = one.split(":")
        found.append(Sent(message_id, token))
    return found


def sent_id_of(sent: Sequence[Sent]) -> str:
    """All of them, in their order."""
    return ",".join(map(str, sent))


def question_of(message_id: str) -> str:
    """Feishu's own id of the message that is answered, by its id in the house; empty where there is none.

    Of a press, feishu:press:EVENT:MESSAGE, it is the message under which the button is.
    """
    id = message_id.rpartition(":")[2]
    return id if id.startswith("om_") else ""
