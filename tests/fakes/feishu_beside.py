"""The calls of the fake Feishu server for what is beside messages: reactions, files, suggestions."""

from tests.fakes.feishu_messages import PREFIXES, message
from tests.fakes.feishu_room import BOT, Kept, World, moment
from tests.fakes.feishu_shown import Person
from tests.fakes.feishu_wire import Call, Download, Piece, Refused, violated

EMOJI = {
    *(
        "Typing",
        "OnIt",
        "OneSecond",
        "THINKING",
        "DONE",
        "CheckMark",
        "CrossMark",
        "Get",
        "LGTM",
        "Yes",
        "No",
    ),
    *("THUMBSUP", "ThumbsDown", "OK", "SMILE", "HEART", "THANKS", "JIAYI", "CLAP", "APPLAUSE", "LAUGH"),
    *("CRY", "SOB", "FACEPALM", "SHOCKED", "WOW", "PARTY", "FINGERHEART", "MUSCLE", "GLANCE", "PRAISE"),
}
"""Some of the many that there are."""
SUGGESTED_FOR, MOST_SUGGESTED, LONGEST_SUGGESTION = 600, 3, 200
LARGEST_IMAGE, LARGEST_FILE = 10 * 1024 * 1024, 30 * 1024 * 1024
FILE_TYPES = {"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"}


def react(world: World, call: Call) -> Piece:
    kept = _reactable(world, call)
    emoji = call.table("reaction_type").get("emoji_type")
    if emoji not in EMOJI:
        raise Refused(231001)
    reaction_id = put_reaction(world, kept, str(emoji), None)
    return _reaction(world, reaction_id, str(emoji))


def unreact(world: World, call: Call) -> Piece:
    kept = _reactable(world, call)
    reaction_id = call.ids["reaction_id"]
    emoji, who = kept.reactions.get(reaction_id, ("", None))
    if who != BOT:
        raise Refused(231003)
    drop_reaction(world, kept, reaction_id)
    return _reaction(world, reaction_id, emoji)


def put_reaction(world: World, kept: Kept, emoji: str, person: Person | None) -> str:
    """A reaction, of the bot where nobody is named; the same again is the same one."""
    who = person.id if person else BOT
    for reaction_id, had in kept.reactions.items():
        if had == (emoji, who):
            return reaction_id
    reaction_id = world.fresh("ZCaCIjUBVVWSrm5L-")
    kept.reactions[reaction_id] = (emoji, who)
    world.tell("im.message.reaction.created_v1", _reaction_event(world, kept, emoji, person))
    return reaction_id


def drop_reaction(world: World, kept: Kept, reaction_id: str) -> None:
    emoji, who = kept.reactions.pop(reaction_id)
    event = _reaction_event(world, kept, emoji, world.people.get(who))
    world.tell("im.message.reaction.deleted_v1", event)


def resource(world: World, call: Call) -> Download:
    kind, key = call.params.get("type", ""), call.ids["file_key"]
    if kind not in PREFIXES:
        raise Refused(234001)
    kept = message(world, call.ids["message_id"], 234001)
    if kept.recalled:
        raise Refused(230110)
    if not world.rooms[kept.chat_id].bot_in:
        raise Refused(234004)
    if key not in kept.files or kept.kind == "sticker" or kept.upper_id or not key.startswith(PREFIXES[kind]):
        raise Refused(234003)
    name, media_type, content = world.files[key]
    if len(content) > world.largest_file:
        raise Refused(234037)
    return Download(name, media_type, content)


def upload_image(world: World, call: Call) -> Piece:
    content, kind = call.body.get("image"), call.body.get("image_type")
    if kind not in ("message", "avatar") or not isinstance(content, bytes) or not content:
        raise Refused(234001)
    if len(content) > LARGEST_IMAGE:
        raise Refused(234006)
    key = world.fresh("img_v3_")
    world.files[key] = ("image", "image/png", content)
    return {"image_key": key}


def upload_file(world: World, call: Call) -> Piece:
    content, kind, name = call.body.get("file"), call.body.get("file_type"), call.body.get("file_name")
    if kind not in FILE_TYPES or not isinstance(name, str) or not name or not isinstance(content, bytes):
        raise Refused(234001)
    if not content:
        raise Refused(234010)
    if len(content) > LARGEST_FILE:
        raise Refused(234006)
    key = world.fresh("file_v3_")
    world.files[key] = (name, "application/octet-stream", content)
    return {"file_key": key}


def suggest(world: World, call: Call) -> Piece:
    """Bubbles below the newest message of a direct chat."""
    kept = message(world, call.ids["message_id"])
    room = world.rooms[kept.chat_id]
    room.check_bot()
    texts = [str(one.get("content", "")) for one in call.several("follow_ups")]
    if not 1 <= len(texts) <= MOST_SUGGESTED:
        raise violated("follow_ups", "the len is 1 to 3", len(texts))
    if not all(0 < len(text) <= LONGEST_SUGGESTION for text in texts):
        raise violated("follow_ups.content", "the len is 1 to 200")
    late = world.clock() > kept.at + SUGGESTED_FOR
    if room.mode != "p2p" or not kept.mine or kept.recalled or room.order[-1] != kept.id or late:
        raise Refused(230001, "only the bot's newest message in a direct chat, for 600 s")
    kept.bubbles = tuple(texts)
    return {}


def _reactable(world: World, call: Call) -> Kept:
    kept = message(world, call.ids["message_id"], 231003)
    if kept.recalled:
        raise Refused(231003)
    room = world.rooms[kept.chat_id]
    if not room.bot_in or room.dissolved:
        raise Refused(231002)
    return kept


def _reaction(world: World, reaction_id: str, emoji: str) -> Piece:
    return {
        "reaction_id": reaction_id,
        "operator": {"operator_id": world.app_id, "operator_type": "app"},
        "action_time": moment(world.clock()),
        "reaction_type": {"emoji_type": emoji},
    }


def _reaction_event(world: World, kept: Kept, emoji: str, person: Person | None) -> Piece:
    by: Piece = {"operator_type": "app", "app_id": world.app_id}
    if person:
        by = {"operator_type": "user", "user_id": person.ids}
    told = {"message_id": kept.id, "reaction_type": {"emoji_type": emoji}, **by}
    return {**told, "action_time": moment(world.clock())}
