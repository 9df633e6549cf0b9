"""How a call of Feishu's API comes to its end: with a token, paced, and repeated where that helps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.base import AdapterError, DeliveryFailed, PlatformRefused
from adapters.feishu_codes import concerns_place, refusal, verdict
from adapters.feishu_faults import Dropped, NoAnswer, QuotaUsedUp
from adapters.feishu_pace import Pace
from adapters.feishu_token import Token, Tokens
from adapters.feishu_wire import Call, Said, Wire

_PAUSE, _LONGEST_PAUSE, _PATIENCE = 0.5, 8.0, 30.0
_LONGEST_LIMIT, _LIMITS_IN_A_ROW = 60.0, 10
_QUOTA_HELD = 3600.0
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"


@dataclass(frozen=True, slots=True)
class App:
    """The app in whose name calls are made, and where its operator sets it up."""

    id: str
    secret: str
    domain: str

    @property
    def console(self) -> str:
        return f"{self.domain}/app/{self.id}"


@dataclass(slots=True)
class _Effort:
    """What was tried for a call: faults for half a minute after the first, limits so many times."""

    call: Call
    clock: Callable[[], float]
    pause: float = _PAUSE
    until: float | None = None
    limits: int = 0
    renewals: int = 0
    unsure: bool = False

    @property
    def failure(self) -> type[DeliveryFailed]:
        """What it is to give up now: an earlier attempt may have been done, unheard."""
        return NoAnswer if self.unsure else DeliveryFailed

    def failed(self) -> float:
        """Seconds until the next attempt, 0 when there is to be none."""
        self.until = self.clock() + _PATIENCE if self.until is None else self.until
        pause, self.pause = self.pause, min(self.pause * 2, _LONGEST_PAUSE)
        return pause if not self.call.frame and self.clock() + pause <= self.until else 0.0

    def limited(self, reset: float) -> float:
        """Seconds for which the limit holds."""
        self.limits += 1
        return min(reset or 2.0 ** (self.limits - 1), _LONGEST_LIMIT)


class Calls:
    """The calls of one app, and what they taught it: its token, its pace, its quota."""

    def __init__(
        self,
        app: App,
        wire: Wire,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app, self._wire, self._pace, self._clock, self._wait = app, wire, pace, clock, wait
        self._tokens = Tokens(self._token, clock)
        self._quota_ended_at: float | None = None

    @property
    def quota_used_up(self) -> bool:
        return self._quota_ended_at is not None

    async def close(self) -> None:
        await self._tokens.close()

    async def done(self, call: Call) -> Said:
        """The answer to a call that was done. Raises AdapterError, for a frame that was not done Dropped."""
        effort = _Effort(call, self._clock)
        while True:
            await self._turn(call)
            try:
                token = await self._tokens.current()
                said = await self._wire.say(call, token)
            except NoAnswer as error:
                await self._failed(effort, error)
                continue
            match verdict(said, effort.unsure):
                case "done":
                    self._passed(call)
                    return said
                case "token":
                    self._tokens.evict(token)
                    self._renew(effort, said)
                case "slow":
                    self._limited(effort, said)
                case "again":
                    await self._failed(effort, NoAnswer(f"Feishu cannot do it now ({said.message})."))
                case "refused":
                    raise self._refused(call, said)

    async def once(self, call: Call) -> Said:
        """The answer to a call that was done, at the first attempt. Raises AdapterError."""
        token = await self._tokens.current()
        said = await self._wire.say(call, token)
        if verdict(said) == "token":
            self._tokens.evict(token)
        if verdict(said) != "done":
            raise refusal(call, said, self._app.console)
        return said

    async def _turn(self, call: Call) -> None:
        if not call.frame:
            await self._pace.turn(call.api, call.place)
        elif self.quota_used_up or not self._pace.at_once(call.api, call.place):
            raise Dropped(f"There is no room for a frame now ({call.api.name}).")

    async def _failed(self, effort: _Effort, error: NoAnswer) -> None:
        """Wait until it is time to try again, or raise that there will be no more."""
        effort.unsure, pause = True, effort.failed()
        if not pause and effort.call.frame:
            raise Dropped(str(error)) from error
        if not pause:
            raise error
        await self._wait(pause)

    def _renew(self, effort: _Effort, said: Said) -> None:
        effort.renewals += 1
        if effort.call.frame:
            raise Dropped(f"The token has ended ({said.message}).")
        if effort.renewals > 1:
            raise effort.failure(f"Feishu takes no token of the app, not even a new one ({said.message}).")

    def _limited(self, effort: _Effort, said: Said) -> None:
        call = effort.call
        lane = (concerns_place(said) and call.place) or call.api
        self._pace.limited(lane, effort.limited(said.reset))
        if effort.limits >= _LIMITS_IN_A_ROW:
            raise effort.failure(f"Feishu takes no more calls, however long one waits ({said.message}).")

    def _refused(self, call: Call, said: Said) -> AdapterError:
        error = refusal(call, said, self._app.console)
        if not isinstance(error, QuotaUsedUp):
            return error
        self._quota_ended_at = self._clock()
        return Dropped(str(error)) if call.frame else error

    def _passed(self, call: Call) -> None:
        """A call went through; after an hour a final that does shows that the quota is there again."""
        ended_at = self._quota_ended_at
        if ended_at is not None and not call.frame and self._clock() >= ended_at + _QUOTA_HELD:
            self._quota_ended_at = None

    async def _token(self) -> Token:
        secret = {"app_id": self._app.id, "app_secret": self._app.secret}
        said = await self._wire.say(Call("POST", _TOKEN_PATH, body=secret))
        text, lasts = said.body.get("tenant_access_token"), said.body.get("expire")
        if verdict(said) == "refused":
            raise PlatformRefused(
                f"Feishu does not take the app's id or secret ({said.message}); "
                "correct FEISHU_APP_ID and FEISHU_APP_SECRET, or FEISHU_DOMAIN, in .env."
            )
        if verdict(said) != "done" or not isinstance(text, str) or not isinstance(lasts, int):
            raise NoAnswer(f"Feishu gives the app no token now ({said.message}).")
        return Token(text, lasts)
