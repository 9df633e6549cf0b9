"""The calls of the fake Feishu server that send, change and read messages."""

import json

from tests.fakes import feishu_card_rules as rules
from tests.fakes.feishu_room import BOT, Entity, Kept, Room, World, dumped
from tests.fakes.feishu_wire import Call, Piece, Refused, parsed, violated

LARGEST_TEXT, LARGEST_OTHER = 150 * 1024, 30 * 1024
SAME_UUID_FOR, CHANGED_FOR = 3600, 14 * 24 * 3600
MOST_EDITS = 20
LONGEST_UUID = 50
POST_TAGS = {"text", "a", "at", "img", "media", "emotion", "hr", "code_block", "md"}
BY_KEY = {"image": "image_key", "file": "file_key", "audio": "file_key", "sticker": "file_key"}
PREFIXES = {"image": "img_", "file": "file_"}
RECEIVERS = ("open_id", "chat_id", "union_id", "user_id", "email")


def create(world: World, call: Call) -> Piece:
    kind = call.params.get("receive_id_type", "")
    if kind not in RECEIVERS:
        raise violated("receive_id_type", "receive_id_type is required and one of its options", kind)
    receiver = call.needed("receive_id")
    if kind == "chat_id":
        if receiver not in world.rooms:
            raise Refused(230001, "invalid receive_id")
        room = world.rooms[receiver]
    elif kind == "open_id":
        if receiver not in world.people:
            raise Refused(99992351, receiver)
        room = world.room_with(receiver)
    else:
        raise Refused(230001, f"the fake knows no {kind}")
    return _sent(world, call, room, None)


def reply(world: World, call: Call) -> Piece:
    target = message(world, call.ids["message_id"])
    threaded = call.body.get("reply_in_thread", False)
    if not isinstance(threaded, bool):
        raise violated("reply_in_thread", "not a boolean", threaded)
    return _sent(world, call, world.rooms[target.chat_id], target, threaded)


def other_card(world: World, call: Call) -> Piece:
    """A new card in a message: all of it, and its entity is detached."""
    kept, _room = _own(world, call, 230027)
    if kept.kind != "interactive" or kept.face is None:
        raise Refused(230054)
    if world.clock() > kept.at + CHANGED_FOR:
        raise Refused(230031)
    content = call.needed("content")
    _check_size(content, LARGEST_OTHER)
    card = parsed(content, 230001)
    if "data" in card:
        raise Refused(230001, "a card entity is updated by its own calls")
    for one in (kept.face, card):
        if (one.get("config") or {}).get("update_multi", one.get("schema") == "2.0") is not True:
            raise Refused(230001, "config.update_multi is not true")
    _check_card(world, card)
    _check_words(world, content)
    if kept.entity:
        kept.entity.detached = True
    kept.card, kept.entity = card, None
    _changed(world, kept)
    return {}


def edit(world: World, call: Call) -> Piece:
    """Other text for a text or post."""
    kept, room = _own(world, call, 230071)
    kind = call.needed("msg_type")
    if kept.kind not in ("text", "post") or kind not in ("text", "post"):
        raise Refused(230054)
    if kept.edits >= MOST_EDITS:
        raise Refused(230072)
    content = call.needed("content")
    kept.content, kept.kind = _content(world, kind, content), kind
    _changed(world, kept)
    return room.wire(kept)


def delete(world: World, call: Call) -> Piece:
    kept, _room = _own(world, call, 230026)
    kept.recalled = True
    return {}


def get(world: World, call: Call) -> Piece:
    """The message, and below a bundle what is in it."""
    kept = message(world, call.ids["message_id"])
    room = world.rooms[kept.chat_id]
    room.check_bot(writing=False)
    whole = call.params.get("card_msg_content_type") in ("user_card_content", "raw_card_content")
    inside = [one for one in world.messages.values() if one.upper_id == kept.id]
    return {"items": [room.wire(one, whole) for one in (kept, *inside)]}


def listed(world: World, call: Call) -> Piece:
    """The messages of a thread, those that were withdrawn too; in groups for who may read all there are."""
    kind, thread = call.params.get("container_id_type"), call.params.get("container_id", "")
    if kind != "thread" or {"start_time", "end_time"} & call.params.keys():
        raise violated("container_id_type", "the fake lists threads, which have no times", kind)
    found = [kept for kept in world.messages.values() if thread and kept.thread_id == thread]
    if not found:
        raise Refused(230001, "invalid container_id")
    room = world.rooms[found[0].chat_id]
    room.check_bot(writing=False)
    if room.mode != "p2p" and world.at_only:
        raise Refused(230027)
    falling = call.params.get("sort_type", "ByCreateTimeAsc") == "ByCreateTimeDesc"
    size = int(call.params.get("page_size", "20"))
    ordered = sorted(found, key=lambda kept: room.order.index(kept.id), reverse=falling)
    return {"items": [room.wire(one) for one in ordered[:size]], "has_more": len(found) > size}


def message(world: World, message_id: str, unknown: int = 230001) -> Kept:
    if message_id not in world.messages:
        raise Refused(unknown, "open_message_id not exist")
    return world.messages[message_id]


def _own(world: World, call: Call, stranger: int) -> tuple[Kept, Room]:
    """The bot's own message that a call is about, not withdrawn."""
    kept = message(world, call.ids["message_id"])
    room = world.rooms[kept.chat_id]
    room.check_bot(writing=False)
    if not kept.mine:
        raise Refused(stranger)
    if kept.recalled:
        raise Refused(230011)
    return kept, room


def _changed(world: World, kept: Kept) -> None:
    kept.edits += 1
    kept.changed_at = world.clock()


def _sent(world: World, call: Call, room: Room, target: Kept | None, threaded: bool = False) -> Piece:
    uuid = call.text("uuid", LONGEST_UUID)
    at, known = world.sent.get(uuid, (0.0, ""))
    if uuid and world.clock() < at + SAME_UUID_FOR:
        return room.wire(world.messages[known])
    kind, content = call.needed("msg_type"), call.needed("content")
    room.check_bot()
    if target and target.recalled:
        raise Refused(230011)
    if threaded and not room.thread_replies:
        raise Refused(230071)
    kept = Kept(world.fresh("om_"), room.id, kind, content, BOT, world.clock())
    if kind == "interactive":
        _take_card(world, kept)
    else:
        kept.content = _content(world, kind, content)
        kept.files = {str(parsed(kept.content, 230001)[BY_KEY[kind]])} if kind in BY_KEY else set()
    room.enter(kept, target, threaded)
    if uuid:
        world.sent[uuid] = (world.clock(), kept.id)
    return room.wire(kept)


def _take_card(world: World, kept: Kept) -> None:
    """The card that the content is, or the entity it names."""
    content = parsed(kept.content, 230001)
    _check_size(kept.content, LARGEST_OTHER)
    if content.get("type") != "card":
        _check_card(world, content)
        _check_words(world, kept.content)
        kept.card = content
        return
    card_id = (content.get("data") or {}).get("card_id", "")
    kept.entity = _unsent(world, str(card_id))
    _check_words(world, dumped(kept.entity.card))
    kept.entity.message_id = kept.id


def _unsent(world: World, card_id: str) -> Entity:
    entity = world.entities.get(card_id)
    if entity is None:
        raise rules.Flawed(200740, "card entity not exist").in_message
    if entity.message_id:
        raise rules.Flawed(300311, "a card entity can be sent once").in_message
    return entity


def _check_card(world: World, card: Piece) -> None:
    try:
        if card.get("schema") == "2.0":
            rules.check(card, world.files, world.people)
        elif not isinstance(card.get("elements"), list):
            raise rules.Flawed(200621, "parse card json err, no elements")
    except rules.Flawed as flawed:
        raise flawed.in_message from None


def _content(world: World, kind: str, content: str) -> str:
    """A content that is no card, as it is kept."""
    if kind not in ("text", "post", *BY_KEY):
        raise Refused(230001, f"invalid msg_type {kind}")
    told = parsed(content, 230001)
    _check_size(content, LARGEST_TEXT if kind == "text" else LARGEST_OTHER)
    _check_words(world, content)
    if kind == "text":
        if not isinstance(told.get("text"), str) or not told["text"].strip():
            raise Refused(230001, "text is empty")
    elif kind == "post":
        return dumped(_post(told))
    else:
        return _upload(world, kind, told)
    return content


def _upload(world: World, kind: str, told: Piece) -> str:
    """What was uploaded before, as it is read back."""
    key = str(told.get(BY_KEY[kind]))
    if key not in world.files:
        raise Refused(230001, f"invalid {BY_KEY[kind]}")
    if not key.startswith(PREFIXES.get(kind, "")):
        raise Refused(230055)
    return dumped({BY_KEY[kind]: key, **({"file_name": world.files[key][0]} if kind == "file" else {})})


def _post(told: Piece) -> Piece:
    """A post in the first of its languages, as it is read back."""
    post = next((one for one in told.values() if isinstance(one, dict)), None)
    if post is None or not isinstance(post.get("content"), list):
        raise Refused(230001, "a post has a language, and in it content")
    for line in post["content"]:
        tags = {part.get("tag") for part in line} if isinstance(line, list) else {None}
        if wrong := tags - POST_TAGS:
            raise Refused(230001, f"unknown tag {wrong}")
    return {"title": post.get("title", ""), "content": post["content"]}


def _check_size(content: str, most: int) -> None:
    if len(content.encode()) > most:
        raise Refused(230025)


def _check_words(world: World, content: str) -> None:
    plain = json.dumps(json.loads(content), ensure_ascii=False)
    for word, code in world.forbidden.items():
        if word in plain:
            raise Refused(code)
