"""Those who ask at the fake Telegram server, in a process of its own: what they saw, and when.

The first line on stdout is the server's address and token. They begin when a line is read from stdin; the
second line is what they tell, as JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle

from tests.fakes.telegram_calls import Call
from tests.fakes.telegram_chats import Chat, Person
from tests.fakes.telegram_server import TelegramServer

LOOK_EACH = 0.05
WORKING = ("▌", "…")
"""How a reply ends that still grows."""

Key = tuple[int, int]
"""A question: its chat, and there its place among the questions; in a group the message's id."""


@dataclass(frozen=True, slots=True)
class Report:
    """`waits`: seconds from each question to its whole answer, of those that came.

    The rates are the most calls about messages in any window of so many seconds. `calls` counts all of them
    by method, and those that were refused as 429.
    """

    asked: int
    answered: int
    shown: int
    waits: Sequence[float]
    seconds: float
    all_in_1: int
    chat_in_1: int
    chat_in_10: int
    group_in_60: int
    calls: dict[str, int]


class Crowd:
    """People in direct chats and in groups."""

    def __init__(self, server: TelegramServer, chats: int, groups: int, askers: int) -> None:
        self._server = server
        self._people = [server.person(f"学生{number}", "zh-hans") for number in range(chats)]
        self._by_id = {person.id: person for person in self._people}
        members = [server.person(f"组员{number}", "zh-hans") for number in range(askers)]
        self._groups = [server.group(f"{number} 班", *members) for number in range(groups)]
        self._members = members
        self.began = 0.0
        self._asked: dict[Key, float] = {}
        self._answered: dict[Key, float] = {}
        self._count: Counter[int] = Counter()
        self._sent: Counter[int] = Counter()
        self._looked_at = self._messages = 0

    def ask_at_once(self) -> None:
        """Everybody, in direct chats and in each group."""
        for person in self._people:
            self._say(self._server.direct(person), person)
        for group in self._groups:
            for member in self._members:
                self._say(group, member)

    def ask_evenly(self, messages: int, rate: float) -> None:
        """In direct chats in turns, so many a second."""
        began = time.time()
        for number, person in zip(range(messages), cycle(self._people), strict=False):
            time.sleep(max(0.0, began + number / rate - time.time()))
            self._say(self._server.direct(person), person)

    def ask_again(self, messages: int) -> None:
        """Who is answered in a direct chat asks again at once, until there were so many."""
        self._messages = messages

    def wait(self, seconds: float) -> None:
        """Until all is answered, or so long."""
        until = time.time() + seconds
        while len(self._answered) < len(self._asked) and time.time() < until:
            time.sleep(LOOK_EACH)
            self._look()

    def report(self) -> Report:
        """What they saw."""
        server, chats = self._server, [*map(self._server.direct, self._people), *self._groups]
        return Report(
            asked=len(self._asked),
            answered=len(self._answered),
            shown=sum(len(chat.answers) for chat in chats),
            waits=[at - self._asked[key] for key, at in self._answered.items()],
            seconds=max(self._answered.values(), default=self.began) - self.began,
            all_in_1=server.worst_rate(None, 1),
            chat_in_1=max(server.worst_rate(chat, 1) for chat in chats),
            chat_in_10=max(server.worst_rate(chat, 10) for chat in chats),
            group_in_60=max((server.worst_rate(chat, 60) for chat in self._groups), default=0),
            calls=dict(Counter("429" if call.status == 429 else call.method for call in server.calls)),
        )

    def _say(self, chat: Chat, person: Person) -> None:
        now, text = time.time(), f"question {len(self._asked)}: how do I deploy it?"
        if chat.id > 0:
            self._count[chat.id] += 1
            self._asked[chat.id, self._count[chat.id]] = now
            chat.say(person, text)
        else:
            self._asked[chat.id, chat.say(person, f"/ask {text}")] = now

    def _look(self) -> None:
        """Note the answers that have come since."""
        calls = self._server.calls
        while self._looked_at < len(calls) and (call := calls[self._looked_at]):
            if call.method in ("sendMessage", "editMessageText"):
                if not call.status:
                    return  # it is under way
                if call.status == 200 and call.chat_id:
                    self._note(call, call.chat_id)
            self._looked_at += 1

    def _note(self, call: Call, chat_id: int) -> None:
        if chat_id > 0:
            self._sent[chat_id] += 1
            if (key := (chat_id, self._sent[chat_id])) in self._asked:
                self._answered[key] = call.at
            if len(self._asked) < self._messages:
                self._say(self._server.chats[chat_id], self._by_id[chat_id])
        elif not str(call.parameters["text"]).endswith(WORKING):
            self._answered.setdefault((chat_id, self._question(call, chat_id)), call.at)

    def _question(self, call: Call, chat_id: int) -> int:
        if call.method == "editMessageText":
            shown: int = (
                self._server.chats[chat_id].room.messages[int(call.parameters["message_id"])].reply_to
            )
            return shown
        return int(call.parameters["reply_parameters"]["message_id"])


def main() -> None:
    """Ask, wait, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--askers", type=int, default=10, help="in each group")
    parser.add_argument("--messages", type=int, default=0, help="in all, in direct chats (one in each)")
    parser.add_argument("--rate", type=float, default=0, help="a second (all ask at once, and when answered)")
    parser.add_argument("--limits", action="store_true", help="Telegram's, as the server keeps them")
    parser.add_argument("--patience", type=float, default=90)
    options = parser.parse_args()
    with TelegramServer() as server:
        server.limits = options.limits
        crowd = Crowd(server, options.chats, options.groups, options.askers)
        print(json.dumps([server.url, server.token]), flush=True)
        sys.stdin.readline()
        crowd.began = time.time()
        if options.rate:
            crowd.ask_evenly(options.messages or options.chats, options.rate)
        else:
            crowd.ask_again(options.messages)
            crowd.ask_at_once()
        crowd.wait(options.patience)
        print(json.dumps(asdict(crowd.report())), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
