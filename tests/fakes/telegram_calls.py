"""The calls that the fake Telegram server gets, and what goes wrong with them as scripted."""

from dataclasses import dataclass
from typing import Any, Literal

Fault = Literal["drop_after", "drop_before", "error", "flood", "hang", "hang_after"]
"""drop_*: the connection ends, after or before the call took effect; hang*: it stays, without an answer."""


@dataclass(slots=True)
class Call:
    """A call the bot made; `status` is 0 while it has got no answer, `at` is in the clock's seconds."""

    method: str
    parameters: dict[str, Any]
    at: float
    status: int = 0
    chat_id: int | None = None


@dataclass(slots=True)
class Failing:
    """What will go wrong with `times` calls, after `skip` good ones."""

    method: str
    how: Fault
    times: int
    seconds: int
    skip: int

    def strikes(self) -> bool:
        """Count a call of the method, and say whether it fails."""
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True
