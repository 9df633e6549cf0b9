"""The bot's own answers by the ids of their messages: what somebody quotes need not be asked for."""

from typing import Protocol

_MANY = 500


class Shown(Protocol):
    """Where answers are kept."""

    async def put(self, message_id: str, text: str) -> None:
        """Keep what a message of the bot says."""

    async def get(self, message_id: str) -> str:
        """What it says, empty where that is not known."""


class Recent:
    """The newest ones, in this process."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def put(self, message_id: str, text: str) -> None:
        self._texts.pop(message_id, None)
        self._texts[message_id] = text
        if len(self._texts) > _MANY:
            del self._texts[next(iter(self._texts))]

    async def get(self, message_id: str) -> str:
        return self._texts.get(message_id, "")
