"""The chats of the fake Telegram server, as what people do in them changes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes import telegram_pieces as pieces
from tests.fakes.telegram_entities import found, mark, units
from tests.fakes.telegram_pieces import Person, Piece, Topic
from tests.fakes.telegram_room import Kept, Kind, Room, Shown, Surroundings

__all__ = ["Chat", "Person", "Shown", "Topic", "mark"]

CAPTIONED = {"photo", "document", "voice", "video"}


class Chat:
    """A direct chat or a group: people act in it, the bot's messages appear in it."""

    def __init__(
        self,
        world: Surroundings,
        chat_id: int,
        kind: Kind,
        title: str,
        forum: bool = False,
        username: str = "",
    ) -> None:
        self._world, self.id, self.kind = world, chat_id, kind
        self.room = Room(world, chat_id, kind, title, forum, username)

    @property
    def shown(self) -> list[Shown]:
        """What is seen now, oldest first; without service messages."""
        with self._world.lock:
            return [kept.shown for kept in self.room.messages.values() if not kept.service]

    @property
    def answers(self) -> list[Shown]:
        """Those by the bot."""
        return [shown for shown in self.shown if shown.mine]

    @property
    def draft(self) -> str:
        """The text of the live draft; a draft lives 30 s of the clock, or until the bot's message."""
        return self.room.draft.text if self.room.draft.lives(self._world.clock()) else ""

    @property
    def typing(self) -> bool:
        """Whether the bot is seen typing: 5 s of the clock, or until its message."""
        return self._world.clock() < self.room.typing_until

    @property
    def reactions(self) -> dict[int, str]:
        """The bot's own, by message."""
        return self.room.reactions

    def mute(self, muted: bool = True) -> None:
        """The bot may not write here."""
        self.room.muted = muted

    def refuse_files(self) -> None:
        """The bot may write here, but send no files."""
        self.room.filed = False

    def allow_reactions(self, *emoji: str) -> None:
        """Only these may be put to messages here."""
        self.room.allowed_reactions = {*emoji}

    def say(
        self,
        person: Person,
        text: str = "",
        *,
        reply_to: int | None = None,
        topic: Topic | None = None,
        photo: bytes | None = None,
        document: tuple[str, bytes] | None = None,
        mime: str = "",
        voice: bytes | None = None,
        sticker: str = "",
        anonymous: bool = False,
        via_channel: str = "",
        as_channel: str = "",
        forward_of: Person | str | None = None,
        quote: str = "",
        external: str = "",
        marks: Sequence[Piece] = (),
        more: Mapping[str, Any] | None = None,
    ) -> int:
        """A message of theirs; its id. With media, the text is the caption.

        `photo`: any picture, kept as JPEG in several sizes. `document`: name and content, `mime` where the
        name does not tell it. `sticker`: its emoji. `anonymous`: as the group; `via_channel`: a post that
        the linked channel forwards; `as_channel`: they speak as their channel. `quote`: a part of the
        message replied to, with `external` of one in the channel of that name. `marks`: entities besides
        commands, mentions and links, which are found. `more`: fields as on the wire.
        """
        store, wire = self._world.store, dict(more or {})
        if photo is not None:
            wire["photo"] = pieces.photo(photo, store)
        if document is not None:
            wire["document"] = pieces.document(*document, mime, store)
        if voice is not None:
            wire["voice"] = pieces.voice(voice, store)
        if sticker:
            wire["sticker"] = pieces.sticker(sticker, store)
        if via_channel:
            wire["forward_origin"] = pieces.channel_origin(via_channel, int(self._world.clock()))
        if forward_of:
            wire["forward_origin"] = pieces.origin(forward_of, int(self._world.clock()))
        if quote or external:
            wire |= self._quoted(quote, external, reply_to)
        wire |= _written(text, marks, caption=bool(CAPTIONED & wire.keys()))
        wire |= pieces.sender(person, self.room.card, anonymous, via_channel, as_channel)
        return self._enter(wire, reply_to, topic)

    def start(self, person: Person, payload: str = "") -> int:
        """They follow a deep link, or press START."""
        self.unblock()
        return self.say(person, f"/start {payload}".strip())

    def album(
        self,
        person: Person,
        pictures: Sequence[bytes],
        caption: str = "",
        *,
        topic: Topic | None = None,
        reply_to: int | None = None,
    ) -> list[int]:
        """One message a picture, the caption on the first."""
        group = {"media_group_id": str(self._world.number())}
        captions = [caption, *[""] * (len(pictures) - 1)]
        return [
            self.say(person, text, photo=picture, topic=topic, reply_to=reply_to, more=group)
            for picture, text in zip(pictures, captions, strict=True)
        ]

    def edit(self, person: Person, message_id: int, text: str) -> None:
        """They change the text, or the caption, of their message."""
        kept = self._theirs(person, message_id)
        plain = {name: value for name, value in kept.wire.items() if not name.endswith("entities")}
        written = _written(text, (), caption=bool(CAPTIONED & plain.keys()))
        self._edited(kept, {**plain, **written})

    def preview_edit(self, message_id: int) -> None:
        """A link preview was made: an edit that leaves the text as it is."""
        kept = self.room.messages[message_id]
        self._edited(kept, kept.wire)

    def delete(self, person: Person, message_id: int) -> None:
        """Bots are not told."""
        self._theirs(person, message_id)
        del self.room.messages[message_id]

    def press(self, person: Person, message_id: int, button: str, *, inaccessible: bool = False) -> str:
        """Press the button with this label or data; the callback query's id. LookupError without one."""
        with self._world.lock:
            kept = self.room.messages[message_id]
            buttons = kept.shown.buttons
            if button not in buttons and button not in buttons.values():
                raise LookupError(f"no button {button!r}, there is {buttons}")
            query = str(self._world.number())
            self._world.presses[query] = self._world.clock()
            seen = {"chat": self.room.card, "message_id": message_id, "date": 0}
            press = {"id": query, "from": person.user, "chat_instance": str(self.id)}
            message = seen if inaccessible else kept.wire
            data = buttons.get(button, button)
            self._world.tell("callback_query", self.id, {**press, "message": message, "data": data})
        return query

    def react(self, person: Person, message_id: int, emoji: str) -> None:
        """They react to a message; in a group only an admin bot is told."""
        if self.kind != "private" and self.room.status != "administrator":
            return
        about = {"chat": self.room.card, "message_id": message_id, "date": int(self._world.clock())}
        new = [{"type": "emoji", "emoji": emoji}] if emoji else []
        told = {**about, "user": person.user, "old_reaction": [], "new_reaction": new}
        self._world.tell("message_reaction", self.id, told)

    def topic(self, name: str, *, by_bot: bool = False) -> Topic:
        """A new topic; people have General besides, which is `topic=None`."""
        maker = self._world.me if by_bot else pieces.ANONYMOUS
        made = {"from": maker, "forum_topic_created": {"name": name, "icon_color": 7322096}}
        topic = Topic(self._service(made), name)
        self.room.open_topic(topic.id)
        return topic

    def drop_topic(self, topic: Topic) -> None:
        self.room.topics.discard(topic.id)

    def block(self) -> None:
        """A direct chat: the bot is blocked."""
        self._set_status("kicked", self.room.card)

    def unblock(self) -> None:
        self._set_status("member", self.room.card)

    def kick(self, by: Person) -> None:
        """A group: the bot is thrown out."""
        self._set_status("kicked", by.user)

    def add(self, by: Person) -> None:
        """The bot is added, again or for the first time."""
        self._set_status("member", by.user)
        self._service({"from": by.user, "new_chat_members": [self._world.me]})

    def promote(self, person: Person | None = None) -> None:
        """Make them an admin, or the bot where nobody is named."""
        if person:
            self.room.admins.add(person.id)
        else:
            self._set_status("administrator", pieces.ANONYMOUS)

    def migrate(self) -> "Chat":
        """A basic group becomes this supergroup; the old id is closed."""
        new = Chat(self._world, -1_001_000_000_000 + self.id, "supergroup", self.room.title)
        new.room.members, new.room.status = self.room.members, self.room.status
        new.room.admins = self.room.admins
        self._world.chats[new.id] = new
        self._service({"from": pieces.ANONYMOUS, "migrate_to_chat_id": new.id})
        self.room.moved_to = new.id
        new._service({"from": pieces.ANONYMOUS, "migrate_from_chat_id": self.id})
        return new

    def menu(self, person: Person) -> dict[str, str]:
        """The commands that they are offered here."""
        commands = self._world.commands
        for scope in self.room.scopes(person.id):
            for language in (person.language[:2], ""):
                if (scope, language) in commands:
                    return commands[scope, language]
        return {}

    def _enter(self, wire: Piece, reply_to: int | None, topic: Topic | None) -> int:
        with self._world.lock:
            kept = self.room.enter(wire, reply_to=reply_to, topic=topic.id if topic else None)
            if self.room.reaches(kept):
                self._world.tell("message", self.id, kept.wire)
            return kept.id

    def _service(self, wire: Piece) -> int:
        with self._world.lock:
            kept = self.room.enter(wire, service=True)
            self._world.tell("message", self.id, kept.wire)
            return kept.id

    def _edited(self, kept: Kept, wire: Piece) -> None:
        with self._world.lock:
            kept.wire = {**wire, "edit_date": int(self._world.clock())}
            kept.edits += 1
            if self.room.reaches(kept):
                self._world.tell("edited_message", self.id, kept.wire)

    def _theirs(self, person: Person, message_id: int) -> Kept:
        kept = self.room.messages[message_id]
        if kept.mine or kept.wire["from"]["id"] not in (person.id, pieces.ANONYMOUS["id"]):
            raise PermissionError(f"message {message_id} is not {person.name}'s")
        return kept

    def _quoted(self, quote: str, external: str, reply_to: int | None) -> Piece:
        if external:
            start = pieces.channel_origin(external, int(self._world.clock()))
            wire: Piece = {"external_reply": {"origin": start, "chat": start["chat"], "message_id": 7}}
            return wire | ({"quote": {"text": quote, "position": 0, "is_manual": True}} if quote else {})
        said = self.room.messages[reply_to or 0].shown.text
        return {"quote": {"text": quote, "position": units(said[: said.index(quote)]), "is_manual": True}}

    def _set_status(self, status: str, by: Piece) -> None:
        with self._world.lock:
            old, self.room.status = self.room.status, status
            if old == status:
                return
            who = {"id": by["id"], "is_bot": False, "first_name": by.get("first_name", "Group")}
            change: Piece = {"chat": self.room.card, "from": who, "date": int(self._world.clock())}
            for name, one in (("old_chat_member", old), ("new_chat_member", status)):
                change[name] = pieces.member(self._world.me, one)
            self._world.tell("my_chat_member", self.id, change)


def _written(text: str, marks: Sequence[Piece], caption: bool) -> Piece:
    """The text and its entities, under the names they have in a message with or without media."""
    if not text:
        return {}
    named = ("caption", "caption_entities") if caption else ("text", "entities")
    entities = found(text, marks)
    return {named[0]: text} | ({named[1]: entities} if entities else {})
