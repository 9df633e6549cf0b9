"""A chat of the fake Feishu server in a terminal: what is typed is said, what the bot shows is printed."""

import threading
from collections.abc import Callable

from tests.fakes.feishu_chats import Chat
from tests.fakes.feishu_shown import Person, Press, Shown

LOOK_EACH = 0.2


class Screen:
    """Prints what has changed since it looked last; text that only grew is gone on with."""

    def __init__(self, chat: Chat, write: Callable[[str], object]) -> None:
        self._chat, self._write = chat, write
        self._seen: dict[str, Shown] = {}
        self._signs: dict[str, tuple[str, ...]] = {}
        self._last, self._last_id = "", ""

    def look(self) -> None:
        everything = self._chat.shown
        shown = {one.id: one for one in everything if one.mine}
        for gone in self._seen.keys() - shown.keys():
            self._write(f"\n✗ message {gone} was withdrawn\n")
        signs = {one.id: one.signs for one in everything}
        for message_id, emoji in signs.items():
            if emoji != self._signs.get(message_id, ()):
                self._write(f"\n[{' '.join(emoji) or 'no sign'}]\n")
        for one in shown.values():
            if one != self._seen.get(one.id):
                self._show(one)
        self._seen, self._signs = shown, signs

    def _show(self, one: Shown) -> None:
        known = self._seen.get(one.id)
        if not known or known.text != one.text:
            self._print(f"🤖 {one.title or one.kind}" + (" ✎" if one.streaming else ""), one.id, one.text)
        labels = [f"[{number} {label}]" for number, label in enumerate(one.buttons, 1)]
        if labels and (not known or known.buttons != one.buttons):
            self._write("\n" + " ".join(labels) + "\n")
        if one.bubbles and (not known or known.bubbles != one.bubbles):
            self._write("\n" + " ".join(f"({bubble})" for bubble in one.bubbles) + "\n")

    def _print(self, head: str, message_id: str, text: str) -> None:
        if self._last and message_id == self._last_id and text.startswith(self._last):
            self._write(text[len(self._last) :])
        else:
            self._write(f"\n{head}: {text}")
        self._last, self._last_id = text, message_id


def converse(chat: Chat, person: Person) -> None:
    """Until `:quit` or the end of the input."""
    print(f"You are {person.name}. @ says it to the bot, :1 presses a button, :recall, :menu key, :quit.")
    screen, ended = Screen(chat, lambda text: print(text, end="", flush=True)), threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EACH):
            screen.look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        _listen(chat, person)
    finally:
        ended.set()
        watcher.join()


def _listen(chat: Chat, person: Person) -> None:
    said = ""
    while True:
        try:
            line = input("\n> ").strip()
        except EOFError:
            return
        if line == ":quit":
            return
        if line == ":recall" and said:
            chat.recall(person, said)
        elif line.startswith(":menu "):
            chat.menu(person, line.removeprefix(":menu "))
        elif line[:1] == ":" and line[1:].isdigit():
            _press(chat, person, int(line[1:]))
        elif line:
            said = chat.say(person, line.removeprefix("@").strip(), at_bot=line.startswith("@"))


def _press(chat: Chat, person: Person, number: int) -> None:
    """The button with this number below the newest message that has any."""
    keyboards = [one for one in chat.answers if one.buttons]
    if not keyboards or not 1 <= number <= len(keyboards[-1].buttons):
        print("There is no such button.")
        return
    press = chat.press(person, keyboards[-1].id, list(keyboards[-1].buttons)[number - 1])
    print(_told(press))


def _told(press: Press) -> str:
    waiting = threading.Event()
    while not press.over:
        waiting.wait(LOOK_EACH)
    return f"[{press.toast}]" if press.toast else f"({press.code or 'no toast'})"
