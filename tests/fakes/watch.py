"""A clock that nobody waits for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.virtual_time import passed


@dataclass
class Watch:
    """Waiting moves it on at once, and then `then` happens."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)
    then: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)
        self.then()
        await passed(0)
