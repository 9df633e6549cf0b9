"""Feishu's rate limits, as the fake server keeps them."""

from collections import deque

from tests.fakes import feishu_cardkit
from tests.fakes.feishu_room import World
from tests.fakes.feishu_wire import Call, too_fast

API, CHAT, TENANT = 99991400, 230020, 11232
MESSAGES = "/open-apis/im/v1/messages"
CARDS = "/open-apis/cardkit/v1/cards/"


class Limits:
    """Counts calls in sliding windows of the clock; a refused call does not count."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, float], deque[float]] = {}

    def check(self, world: World, call: Call, pattern: str) -> None:
        """Raises Refused."""
        now = world.clock()
        limits: list[tuple[str, int, float, int]] = []
        name = f"{call.method} {pattern}"
        if not (call.path.startswith(CARDS) and feishu_cardkit.streams_on(world, call)):
            limits += [(name, 50, 1, API), (name, 1000, 60, API)]
            if card_id := call.ids.get("card_id"):
                limits.append((card_id, 10, 1, API))
        if name in (f"POST {MESSAGES}", f"POST {MESSAGES}/{{message_id}}/reply"):
            limits += [(_chat(world, call), 5, 1, CHAT), ("tenant", 100, 1, TENANT)]
        if name in (f"PATCH {MESSAGES}/{{message_id}}", f"PUT {MESSAGES}/{{message_id}}"):
            limits.append((call.ids["message_id"], 5, 1, CHAT))
        windows = [self._window(key, seconds, now) for key, _most, seconds, _code in limits]
        for window, (_key, most, seconds, code) in zip(windows, limits, strict=True):
            if len(window) >= most:
                raise too_fast(code, window[0] + seconds - now)
        for window in windows:
            window.append(now)

    def _window(self, key: str, seconds: float, now: float) -> deque[float]:
        window = self._calls.setdefault((key, seconds), deque())
        while window and window[0] <= now - seconds:
            window.popleft()
        return window


def _chat(world: World, call: Call) -> str:
    """The chat that a message goes to."""
    if kept := world.messages.get(call.ids.get("message_id", "")):
        return kept.chat_id
    receiver = str(call.body.get("receive_id"))
    return world.room_with(receiver).id if receiver in world.people else receiver
