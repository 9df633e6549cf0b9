"""A chat of the fake Telegram server in a terminal: what is typed is said, what the bot shows is printed."""

import threading
from collections.abc import Callable

from tests.fakes.telegram_chats import Chat, Person
from tests.fakes.telegram_entities import units
from tests.fakes.telegram_pieces import Piece
from tests.fakes.telegram_room import Shown

SIGNS = {"bold": "**", "italic": "_", "code": "`", "strikethrough": "~~", "spoiler": "||", "underline": "__"}
LOOK_EACH = 0.2


class Screen:
    """Prints what has changed since it looked last; text that only grew is gone on with."""

    def __init__(self, chat: Chat, write: Callable[[str], object]) -> None:
        self._chat, self._write = chat, write
        self._seen: dict[int, Shown] = {}
        self._last, self._last_id, self._draft = "", 0, ""

    def look(self) -> None:
        shown = {one.id: one for one in self._chat.answers}
        for gone in self._seen.keys() - shown.keys():
            self._write(f"\n✗ message {gone} was deleted\n")
        if (draft := self._chat.draft) and draft != self._draft:
            self._print("✎", -1, draft)
        self._draft = draft
        for one in shown.values():
            if one != self._seen.get(one.id):
                self._show(one)
        self._seen = shown

    def _show(self, one: Shown) -> None:
        known = self._seen.get(one.id)
        if not known or (known.text, known.entities) != (one.text, one.entities):
            head = f"🤖 {one.id}" + (f" (reply to {one.reply_to})" if one.reply_to else "")
            self._print(head + (" ✎" if one.edits else ""), one.id, rendered(one.text, one.entities))
        for file, sign in ((one.photo, "🖼"), (one.document, "📎")):
            if file and not known:
                self._write(f"{sign} {file.name}\n")
        labels = [f"[{number} {label}]" for number, label in enumerate(one.buttons, 1)]
        if labels and (not known or known.buttons != one.buttons):
            self._write("\n" + " ".join(labels) + "\n")

    def _print(self, head: str, message_id: int, text: str) -> None:
        if self._last and message_id == self._last_id and text.startswith(self._last):
            self._write(text[len(self._last) :])
        else:
            self._write(f"\n{head}: {text}")
        self._last, self._last_id = text, message_id


def rendered(text: str, entities: tuple[Piece, ...]) -> str:
    """The text with its formatting written out, as Markdown would be."""
    inserts: list[tuple[int, int, str]] = []
    for order, entity in enumerate(entities):
        opening, closing = _signs(entity)
        inserts.append((entity["offset"], order + 1, opening))
        inserts.append((entity["offset"] + entity["length"], -order - 1, closing))
    pieces = text.encode("utf-16-le")
    result, at = "", 0
    for offset, _order, sign in sorted(inserts):
        result += pieces[at * 2 : offset * 2].decode("utf-16-le") + sign
        at = offset
    return result + pieces[at * 2 : units(text) * 2].decode("utf-16-le")


def _signs(entity: Piece) -> tuple[str, str]:
    kind = entity["type"]
    if kind == "text_link":
        return "[", f"]({entity['url']})"
    if kind == "pre":
        return f"```{entity.get('language', '')}\n", "\n```"
    if "quote" in kind:
        return ("▏" if kind == "blockquote" else "▼ "), ""
    return SIGNS.get(kind, ""), SIGNS.get(kind, "")


def converse(chat: Chat, person: Person, bot: str) -> None:
    """Until `:quit` or the end of the input."""
    print(f"You are {person.name}, the bot is @{bot}. \n:1 presses a button, :edit … edits, :quit ends.")
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
    said = 0
    while True:
        try:
            line = input("\n> ").strip()
        except EOFError:
            return
        if line == ":quit":
            return
        if line.startswith(":edit ") and said:
            chat.edit(person, said, line.removeprefix(":edit "))
        elif line[:1] == ":" and line[1:].isdigit():
            _press(chat, person, int(line[1:]))
        elif line:
            said = chat.say(person, line)


def _press(chat: Chat, person: Person, number: int) -> None:
    """The button with this number below the newest message that has any."""
    keyboards = [one for one in chat.answers if one.buttons]
    if not keyboards or not 1 <= number <= len(keyboards[-1].buttons):
        print("There is no such button.")
        return
    chat.press(person, keyboards[-1].id, list(keyboards[-1].buttons)[number - 1])
