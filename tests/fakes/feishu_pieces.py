"""The pieces of what people write on the fake Feishu server, in the shapes that its events have."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.feishu_room import Kept, Room, World, dumped, moment
from tests.fakes.feishu_shown import Person
from tests.fakes.feishu_wire import Piece

MERGED = "Merged and Forwarded Message"


@dataclass(slots=True)
class Written:
    """What somebody writes: the content as a string, and the files that are in it."""

    kind: str
    content: str
    files: set[str] = field(default_factory=set)


def mention(key: str, ids: Piece, name: str, tenant: str, bot: bool = False) -> Piece:
    kind = "bot" if bot else "user"
    return {"key": key, "id": ids, "name": name, "tenant_key": tenant, "mentioned_type": kind}


def mentions(world: World, at_bot: bool, at: Sequence[Person]) -> list[Piece]:
    """The bot first."""
    bot = {"open_id": world.open_id, "union_id": f"on_{world.open_id[3:]}", "user_id": None}
    who: list[tuple[Piece, str, bool]] = [(bot, world.name, True)] if at_bot else []
    who += [(dict(person.ids), person.name, False) for person in at]
    return [
        mention(f"@_user_{number}", ids, name, world.tenant_key, is_bot)
        for number, (ids, name, is_bot) in enumerate(who, 1)
    ]


def text(words: str, keys: Sequence[str]) -> Written:
    return Written("text", dumped({"text": " ".join(filter(None, [*keys, words]))}))


def image(world: World, picture: bytes) -> Written:
    key = store(world, "img_v3_", "image", "image/png", picture)
    return Written("image", dumped({"image_key": key}), {key})


def post(world: World, title: str, words: str, names: Sequence[Piece], pictures: Sequence[bytes]) -> Written:
    """Mentions and words in a line, then each picture in one of its own."""
    line: list[Piece] = [
        {"tag": "at", "user_id": one["key"], "user_name": one["name"], "style": []} for one in names
    ]
    if words:
        line.append({"tag": "text", "text": f" {words}" if line else words, "style": []})
    keys = [store(world, "img_v3_", "image", "image/png", picture) for picture in pictures]
    images: list[list[Piece]] = [
        [{"tag": "img", "image_key": key, "width": 400, "height": 300}] for key in keys
    ]
    content = [line, *images] if line else images
    return Written("post", dumped({"title": title, "content": content}), set(keys))


def attachment(world: World, name: str, content: bytes) -> Written:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    key = store(world, "file_v3_", name, kind, content)
    return Written("file", dumped({"file_key": key, "file_name": name}), {key})


def audio(world: World, content: bytes) -> Written:
    key = store(world, "file_v3_", "audio.opus", "audio/ogg", content)
    return Written("audio", dumped({"file_key": key, "duration": 2000}), {key})


def sticker(world: World) -> Written:
    key = store(world, "v3_", "sticker", "image/webp", b"RIFF")
    return Written("sticker", dumped({"file_key": key}), {key})


def card(words: str) -> Written:
    """A forwarded card, as little of it as its readers get."""
    elements = [[{"tag": "text", "text": words}]]
    return Written("interactive", dumped({"title": None, "elements": elements}))


def store(world: World, prefix: str, name: str, media_type: str, content: bytes) -> str:
    key = world.fresh(prefix)
    world.files[key] = (name, media_type, content)
    return key


def received(world: World, room: Room, kept: Kept, person: Person) -> Piece:
    """The event that a message came."""
    places = {"root_id": kept.root_id, "parent_id": kept.parent_id, "thread_id": kept.thread_id}
    message = {
        "message_id": kept.id,
        **{name: value for name, value in places.items() if value},
        "create_time": moment(kept.at),
        "update_time": moment(kept.at),
        "chat_id": room.id,
        "chat_type": "p2p" if room.mode == "p2p" else "group",
        "message_type": kept.kind,
        "content": kept.content,
        **({"mentions": kept.mentions} if kept.mentions else {}),
        "user_agent": "Mozilla/5.0",
    }
    sender = {"sender_id": person.ids, "sender_type": "user", "tenant_key": world.tenant_key}
    return {"sender": sender, "message": message}


def pressed(room: Room, kept: Kept, person: Person, value: Piece, token: str) -> Piece:
    """The callback that a button was pressed."""
    return {
        "operator": {
            "tenant_key": room.world.tenant_key,
            "user_id": None,
            "open_id": person.id,
            "union_id": person.union_id,
        },
        "token": token,
        "action": {"value": value, "tag": "button", "timezone": "Asia/Shanghai"},
        "host": "im_message",
        "context": {"open_message_id": kept.id, "open_chat_id": room.id},
    }


def changed(room: Room, by: Person) -> Piece:
    """The event that something happened to a chat."""
    tenant = room.world.tenant_key
    names = {"zh_cn": room.title, "en_us": "", "ja_jp": ""}
    told = {"chat_id": room.id, "operator_id": by.ids, "external": False, "operator_tenant_key": tenant}
    return {**told, "name": room.title, "i18n_names": names}
