"""What a reply was sent under at Telegram, as the bot keeps it: telegram:CHAT:IDS."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = 0
"""In place of an id: a send that was begun, and nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The messages of one reply, in their order; written as telegram:42:11,12+4f1e,?

    `files` tells by their digest which file each of those is that have one.
    """

    chat_id: int
    ids: tuple[int, ...] = ()
    files: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, sent_id: str) -> "Sent":
        """What `str` wrote. Raises ValueError."""
        _, chat_id, written = sent_id.split(":")
        pairs = [one.partition("+") for one in written.split(",")]
        ids = tuple(UNKNOWN if id == "?" else int(id) for id, _, _ in pairs)
        files = {id: digest for id, (_, _, digest) in zip(ids, pairs, strict=True) if digest}
        return cls(int(chat_id), ids, files)

    def __str__(self) -> str:
        ids = ",".join(map(self._written, self.ids))
        return f"telegram:{self.chat_id}:{ids}" if ids else ""

    @property
    def known(self) -> "Sent":
        """Without those whose outcome nobody knows."""
        return Sent(self.chat_id, tuple(one for one in self.ids if one != UNKNOWN), self.files)

    @property
    def messages(self) -> tuple[str, ...]:
        """The ids in the house of those that stand."""
        return tuple(f"telegram:{self.chat_id}:{one}" for one in self.known.ids)

    def _written(self, id: int) -> str:
        if id == UNKNOWN:
            return "?"
        return f"{id}+{self.files[id]}" if id in self.files else str(id)


def message_of(message_id: str, chat_id: int) -> int | None:
    """The number of a message that stands in this chat, by its id in the house, telegram:CHAT:NUMBER."""
    platform, _, rest = message_id.partition(":")
    chat, _, number = rest.partition(":")
    return int(number) if platform == "telegram" and chat == str(chat_id) else None
