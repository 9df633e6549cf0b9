"""Those who ask at the fake Feishu server, in a process of its own: what they saw, and when.

The first line on stdout is the server's address and the app's id and secret. They begin when a line is read
from stdin; the second line is what they tell, as JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle

from tests.fakes.feishu_server import FeishuServer

LOOK_EACH = 0.05


@dataclass(frozen=True, slots=True)
class Report:
    """`taken`: seconds to the acknowledgement of each event; `seconds` to the last answer.

    `calls` counts all of them by method, and those that were refused as `refused`.
    """

    asked: int
    answered: int
    shown: int
    taken: Sequence[float]
    seconds: float
    calls: dict[str, int]


class Crowd:
    """People in direct chats, who wait for an answer before they ask again, or do not."""

    def __init__(self, server: FeishuServer, chats: int) -> None:
        self._server = server
        self._chats = [(one, server.direct(one)) for one in map(server.person, map(str, range(chats)))]
        self._asked = Counter[str]()
        self._began = self._ended = time.monotonic()

    def ask_evenly(self, messages: int, rate: float, patience: float) -> None:
        """In turns, so many a second."""
        self._began = time.monotonic()
        for number, at in zip(range(messages), cycle(range(len(self._chats))), strict=False):
            time.sleep(max(0.0, self._began + number / rate - time.monotonic()))
            self._ask(at)
        until = time.monotonic() + patience
        while self._answered() < messages and time.monotonic() < until:
            time.sleep(LOOK_EACH)
        self._ended = time.monotonic()

    def ask_again(self, messages: int, patience: float) -> None:
        """Who is answered asks again at once, until there were so many."""
        self._began = time.monotonic()
        while self._answered() < messages and time.monotonic() < self._began + patience:
            for at, (_, chat) in enumerate(self._chats):
                if self._asked.total() < messages and self._whole(at) == self._asked[chat.id]:
                    self._ask(at)
            time.sleep(LOOK_EACH)
        self._ended = time.monotonic()

    def report(self) -> Report:
        """What they saw."""
        server = self._server
        messages = {event["header"]["event_id"] for event in server.events if "message" in event["event"]}
        return Report(
            asked=self._asked.total(),
            answered=self._answered(),
            shown=sum(len(chat.answers) for _, chat in self._chats),
            taken=[seconds for id, (code, seconds) in server.acks.items() if id in messages and code == 200],
            seconds=self._ended - self._began,
            calls=dict(Counter("refused" if call.code else call.method for call in server.calls)),
        )

    def _ask(self, at: int) -> None:
        person, chat = self._chats[at]
        self._asked[chat.id] += 1
        chat.say(person, f"question {self._asked.total()}: how do I deploy it?")

    def _answered(self) -> int:
        return sum(map(self._whole, range(len(self._chats))))

    def _whole(self, at: int) -> int:
        """The answers in a chat that grow no more: a card that grows is replaced by another in the end."""
        kept = [one for one in self._chats[at][1].room.kept if one.mine]
        return sum(not (one.entity and "streaming_config" in one.entity.card["config"]) for one in kept)


def main() -> None:
    """Ask, wait, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--messages", type=int, default=50, help="in all")
    parser.add_argument("--rate", type=float, default=0, help="a second (0: who is answered asks again)")
    parser.add_argument("--patience", type=float, default=90)
    options = parser.parse_args()
    with FeishuServer() as server:
        crowd = Crowd(server, options.chats)
        print(json.dumps([server.app_id, server.app_secret, server.url]), flush=True)
        sys.stdin.readline()
        if options.rate:
            crowd.ask_evenly(options.messages, options.rate, options.patience)
        else:
            crowd.ask_again(options.messages, options.patience)
        print(json.dumps(asdict(crowd.report())), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
