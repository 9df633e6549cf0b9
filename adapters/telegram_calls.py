"""How a call of the Bot API comes to its end: paced, repeated where that is safe, mended where it can be."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, TelegramError

from adapters.base import AdapterError, ChatClosed, DeliveryFailed
from adapters.telegram_faults import Flooded, NotSent, disliked, meaning, translated
from adapters.telegram_http import Wired
from adapters.telegram_pace import Pace, Urgency

logger = logging.getLogger(__name__)

_PAUSE, _LONGEST_PAUSE, _PATIENCE = 0.5, 8.0, 30.0


Going = Callable[[bool], Awaitable[None]]
"""Awaited with True right before a request goes out, with False before a wait after one without effect."""


async def untold(_out: bool) -> None:
    """Nobody needs to know."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `chat_id` 0 where it concerns no chat. `repeatable`: made twice it does no more than once.

    One that is not final is made once, at once or not at all.
    """

    method: str
    parameters: Mapping[str, object]
    chat_id: int = 0
    urgency: Urgency = "final"
    repeatable: bool = True
    paced: bool = True
    going: Going = untold

    @property
    def patient(self) -> bool:
        return self.urgency == "final"


@dataclass(slots=True)
class Patience:
    """How long a call is tried again: with growing pauses, for half a minute after its first failure."""

    clock: Callable[[], float]
    pause: float = _PAUSE
    until: float | None = field(default=None)

    def next(self) -> float:
        """Seconds until the next attempt, 0 when there is to be none."""
        self.until = self.clock() + _PATIENCE if self.until is None else self.until
        pause, self.pause = self.pause, min(self.pause * 2, _LONGEST_PAUSE)
        return pause if self.clock() + pause <= self.until else 0.0


class Calls:
    """The calls of one bot, and what they taught it: which chats are closed, and which have moved."""

    def __init__(
        self,
        bot: Wired,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot, self._pace, self._clock, self._wait = bot, pace, clock, wait
        self._closed: set[int] = set()
        self._moved: dict[int, int] = {}

    def reopened(self, chat_id: int) -> None:
        """Something came from this chat: it can be written to again."""
        self._closed.discard(chat_id)

    async def done(self, call: Call) -> object:
        """The result; `same` where it was done before, None where it was dropped, being not final."""
        patience = Patience(self._clock)
        while True:
            call = self._addressed(call)
            if call.paced and not await self._pace.take(call.chat_id, call.urgency):
                return None
            await call.going(True)
            try:
                result = await self._bot.ask(call.method, call.parameters)
                self._pace.passed()
                return result
            except Flooded as error:
                await self._flooded(call, error.seconds)
                if not call.patient:
                    return None
            except (BadRequest, ChatMigrated) as error:
                if (said := meaning(error)) == "same":
                    return said
                call = self._mended(call, error)
            except TelegramError as error:
                if not await self._again(call, error, patience):
                    return None

    async def sign(self, chat_id: int, parameters: Mapping[str, object]) -> None:
        """A typing sign, if there is room for it; raises nothing."""
        try:
            call = self._addressed(Call("sendChatAction", parameters, chat_id))
            if self._pace.take_sign(call.chat_id):
                await self._bot.ask(call.method, call.parameters)
        except Flooded as error:
            self._pace.flooded(chat_id, error.seconds)
        except (ChatClosed, TelegramError) as error:
            logger.debug("No typing sign: %s", error)

    def _addressed(self, call: Call) -> Call:
        """The call with where its chat is now. Raises ChatClosed."""
        if not call.chat_id:
            return call
        chat_id = self._moved.get(call.chat_id, call.chat_id)
        if chat_id in self._closed:
            raise ChatClosed(f"A Telegram chat is closed to the bot ({call.method} was not tried again).")
        return replace(call, chat_id=chat_id, parameters={**call.parameters, "chat_id": chat_id})

    async def _flooded(self, call: Call, seconds: float) -> None:
        if call.chat_id:
            self._pace.flooded(call.chat_id, seconds)
        await call.going(False)
        if call.patient and not call.paced:
            await self._wait(seconds)

    def _mended(self, call: Call, error: BadRequest | ChatMigrated) -> Call:
        """The call to where the chat is now, or without what Telegram does not like. Raises AdapterError."""
        if isinstance(error, ChatMigrated) and call.chat_id:
            self._moved[call.chat_id] = error.new_chat_id
            return call
        name = disliked(error)
        if not call.parameters.get(name):
            raise self._failure(call, error) from error
        logger.warning(
            "Telegram does not take %s of %s (%s); without it then.", name, call.method, error.message
        )
        return replace(call, parameters={**call.parameters, name: None})

    async def _again(self, call: Call, error: TelegramError, patience: Patience) -> bool:
        """Whether to make the call once more, its time having come. Raises AdapterError where it must not."""
        harmless = call.repeatable and isinstance(error, NetworkError)
        if not harmless and not isinstance(error, NotSent):
            raise self._failure(call, error) from error
        if not call.patient:
            return False
        pause = patience.next()
        if not pause:
            raise DeliveryFailed(str(self._failure(call, error))) from error
        await call.going(False)
        await self._wait(pause)
        return True

    def _failure(self, call: Call, error: TelegramError) -> AdapterError:
        if isinstance(error, Forbidden) or meaning(error) == "closed":
            self._closed.add(call.chat_id)
        return translated(error, call.method)
