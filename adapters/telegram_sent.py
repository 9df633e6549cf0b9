"""What a reply was sent under at Telegram, as the bot keeps it: telegram:CHAT:IDS."""

from dataclasses import dataclass

UNKNOWN = 0
"""In place of an id: a send that was begun, and nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The messages of one reply, in their order; written as telegram:42:11,?"""

    chat_id: int
    ids: tuple[int, ...] = ()

    @classmethod
    def parse(cls, sent_id: str) -> "Sent":
        """What `str` wrote. Raises ValueError."""
        _, chat_id, ids = sent_id.split(":")
        return cls(int(chat_id), tuple(UNKNOWN if one == "?" else int(one) for one in ids.split(",")))

    def __str__(self) -> str:
        ids = ",".join(str(one) if one != UNKNOWN else "?" for one in self.ids)
        return f"telegram:{self.chat_id}:{ids}" if ids else ""

    @property
    def known(self) -> "Sent":
        """Without those whose outcome nobody knows."""
        return Sent(self.chat_id, tuple(one for one in self.ids if one != UNKNOWN))


def message_of(message_id: str, chat_id: int) -> int | None:
    """The number of a message that stands in this chat, by its id in the house, telegram:CHAT:NUMBER."""
    platform, _, rest = message_id.partition(":")
    chat, _, number = rest.partition(":")
    return int(number) if platform == "telegram" and chat == str(chat_id) else None
