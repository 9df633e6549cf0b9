"""The chats of the fake Feishu server, as what people do in them changes them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.fakes import feishu_pieces as pieces
from tests.fakes.feishu_beside import drop_reaction, put_reaction
from tests.fakes.feishu_pieces import Written
from tests.fakes.feishu_room import Kept, Room, World, moment
from tests.fakes.feishu_shown import Person, Press, Shown

__all__ = ["Chat", "Person", "Press", "Shown"]

LOOK_EACH = 0.005


class Chat:
    """A direct chat or a group: people act in it, the bot's messages appear in it."""

    def __init__(self, world: World, room: Room) -> None:
        self._world, self.room, self.id = world, room, room.id

    @property
    def kind(self) -> str:
        """p2p, group or topic."""
        return self.room.mode

    @property
    def thread_replies(self) -> bool:
        """Whether this group has them; without, 230071."""
        return self.room.thread_replies

    @thread_replies.setter
    def thread_replies(self, there: bool) -> None:
        self.room.thread_replies = there

    @property
    def refuses(self) -> int:
        """The code that every message of the bot is refused with (0: none), as 230013, 230035, 230053."""
        return self.room.refuses

    @refuses.setter
    def refuses(self, code: int) -> None:
        self.room.refuses = code

    @property
    def shown(self) -> list[Shown]:
        """What is seen now, oldest first."""
        with self._world.lock:
            return [self.room.shown(kept) for kept in self.room.kept if not kept.recalled]

    @property
    def answers(self) -> list[Shown]:
        """Those by the bot."""
        return [shown for shown in self.shown if shown.mine]

    def say(
        self,
        person: Person,
        text: str = "",
        *,
        at_bot: bool = False,
        at: Sequence[Person] = (),
        at_all: bool = False,
        reply_to: str | None = None,
        thread: str | None = None,
        images: Sequence[bytes] = (),
        title: str = "",
        file: tuple[str, bytes] | None = None,
        audio: bytes | None = None,
        sticker: bool = False,
        card: str = "",
        merged: Sequence[tuple[Person, str]] = (),
        kind: str = "",
        mention_lost: bool = False,
    ) -> str:
        """A message of theirs; its id.

        Mentions stand before the text. Pictures with text or mentions, a title and several pictures make a
        post; one picture alone an image. `file`: name and content. `card`: a card that they forwarded, by
        its text. `merged`: a bundle of forwarded messages. `thread`: a thread, by its id or any message of
        it; that of a message without one is opened. `kind`: any other message type, without content.
        `mention_lost`: Feishu leaves the bot's placeholder, but not its mention.
        """
        world = self._world
        with world.lock:
            names = pieces.mentions(world, at_bot, at)
            everybody = [{"key": "@_all", "name": "所有人"}] if at_all else []
            written = self._beside_text(file, audio, sticker, card, merged, kind)
            if written is None and len(images) == 1 and not (names or everybody or text or title):
                written = pieces.image(world, images[0])
            if written is None and (images or title):
                written = pieces.post(world, title, text, [*names, *everybody], images)
            if written is None:
                written = pieces.text(text, [str(one["key"]) for one in (*names, *everybody)])
            kept = self._kept(person, written, names[1:] if mention_lost and at_bot else names)
            self._enter(kept, reply_to, thread)
            for author, words in merged:
                self._inside(kept, author, words)
            if self.kind == "p2p" or (self.room.bot_in and (at_bot or not world.at_only)):
                world.tell("im.message.receive_v1", pieces.received(world, self.room, kept, person))
            return kept.id

    def recall(self, person: Person, message_id: str) -> None:
        """They withdraw their message."""
        kept = self._theirs(person, message_id)
        kept.recalled = True
        told = {"message_id": message_id, "chat_id": self.id, "recall_time": self._now}
        self._tell("im.message.recalled_v1", {**told, "recall_type": "message_owner"})

    def press(self, person: Person, message_id: str, button: str) -> Press:
        """They press the button with this label; returns at once. LookupError without one."""
        world, press = self._world, Press()
        with world.lock:
            kept = world.messages[message_id]
            there = self.room.shown(kept).buttons
            if button not in there:
                raise LookupError(f"no button {button!r}, there is {dict(there)}")
            if not world.callbacks:
                press.code, press.over = 200340, True
                return press
            entity = kept.entity
            if entity:
                entity.pressed += 1

            def over() -> None:
                if entity:
                    entity.pressed -= 1

            told = pieces.pressed(self.room, kept, person, dict(there[button]), world.fresh("c-"))
            world.ask(told, press, over)
        return press

    async def pressed(self, person: Person, message_id: str, button: str) -> str:
        """The same; the toast that they read, empty for none."""
        press = self.press(person, message_id, button)
        while not press.over:  # noqa: ASYNC110, it is filled in by another thread
            await asyncio.sleep(LOOK_EACH)
        return press.toast

    def react(self, person: Person, message_id: str, emoji: str) -> None:
        """With an emoji type, such as THUMBSUP."""
        with self._world.lock:
            put_reaction(self._world, self._world.messages[message_id], emoji, person)

    def unreact(self, person: Person, message_id: str, emoji: str) -> None:
        with self._world.lock:
            kept = self._world.messages[message_id]
            which = next(one for one, had in kept.reactions.items() if had == (emoji, person.id))
            drop_reaction(self._world, kept, which)

    def read(self, person: Person, *message_ids: str) -> None:
        """They see messages of the bot."""
        reader = {"reader_id": person.ids, "read_time": self._now, "tenant_key": self._world.tenant_key}
        told = {"reader": reader, "message_id_list": list(message_ids)}
        self._tell("im.message.message_read_v1", told)

    def menu(self, person: Person, key: str) -> None:
        """A direct chat: they choose an item of the bot's menu."""
        operator = {"operator_name": person.name, "operator_id": person.ids}
        told = {"operator": operator, "event_key": key, "timestamp": int(self._world.clock())}
        self._tell("application.bot.menu_v6", told)

    def enter(self, person: Person) -> None:
        """A direct chat: they open it."""
        last = self.room.kept[-1:]
        told: dict[str, Any] = {"chat_id": self.id, "operator_id": person.ids}
        told["last_message_id"] = last[0].id if last else ""
        told["last_message_create_time"] = moment(last[0].at) if last else ""
        self._tell("im.chat.access_event.bot_p2p_chat_entered_v1", told)

    def add_bot(self, by: Person | None = None) -> None:
        self.room.bot_in = True
        self._tell("im.chat.member.bot.added_v1", pieces.changed(self.room, self._somebody(by)))

    def remove_bot(self, by: Person | None = None) -> None:
        self._tell("im.chat.member.bot.deleted_v1", pieces.changed(self.room, self._somebody(by)))
        self.room.bot_in = False

    def add(self, *people: Person) -> None:
        """They become members."""
        by, tenant = self._somebody(None), self._world.tenant_key
        self.room.members |= {person.id: person for person in people}
        users = [{"name": one.name, "tenant_key": tenant, "user_id": one.ids} for one in people]
        self._tell("im.chat.member.user.added_v1", {**pieces.changed(self.room, by), "users": users})

    def mute(self, muted: bool = True, code: int = 230018) -> None:
        """The bot may not write here."""
        self.room.refuses = code if muted else 0

    def disband(self) -> None:
        self._tell("im.chat.disbanded_v1", pieces.changed(self.room, self._somebody(None)))
        self.room.dissolved = True

    def wire(self, message_id: str) -> dict[str, Any]:
        """The message as GET shows it."""
        with self._world.lock:
            return self.room.wire(self._world.messages[message_id])

    @property
    def _now(self) -> str:
        return moment(self._world.clock())

    def _tell(self, event_type: str, event: dict[str, Any]) -> None:
        with self._world.lock:
            if self.room.bot_in:
                self._world.tell(event_type, event)

    def _beside_text(
        self,
        file: tuple[str, bytes] | None,
        audio: bytes | None,
        sticker: bool,
        card: str,
        merged: Sequence[object],
        kind: str,
    ) -> Written | None:
        """A message that is no text, post or image."""
        world = self._world
        if file is not None:
            return pieces.attachment(world, *file)
        if audio is not None:
            return pieces.audio(world, audio)
        if sticker:
            return pieces.sticker(world)
        if card:
            return pieces.card(card)
        if merged:
            return Written("merge_forward", pieces.MERGED)
        return Written(kind, "{}") if kind else None

    def _kept(self, person: Person, written: Written, names: list[dict[str, Any]]) -> Kept:
        world = self._world
        kept = Kept(world.fresh("om_"), self.id, written.kind, written.content, person.id, world.clock())
        kept.mentions, kept.files = names, written.files
        return kept

    def _enter(self, kept: Kept, reply_to: str | None, thread: str | None) -> None:
        if thread:
            root = self.room.root_of(thread)
            self.room.enter(kept, root, threaded=True)
            return
        target = self._world.messages[reply_to] if reply_to else None
        self.room.enter(kept, target)

    def _inside(self, bundle: Kept, author: Person, words: str) -> None:
        """A message of a bundle: it can be got with the bundle, and is not seen by itself."""
        inner = self._kept(author, pieces.text(words, ()), [])
        inner.upper_id = bundle.id
        self._world.messages[inner.id] = inner

    def _theirs(self, person: Person, message_id: str) -> Kept:
        kept = self._world.messages[message_id]
        if kept.author != person.id:
            raise LookupError(f"{message_id} is not a message of {person.name}")
        return kept

    def _somebody(self, by: Person | None) -> Person:
        return by or next(iter(self.room.members.values()))
