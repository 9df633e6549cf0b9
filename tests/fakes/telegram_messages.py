"""The methods of the fake Bot API about messages."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from tests.fakes import telegram_rules as rules
from tests.fakes.telegram_chats import Chat
from tests.fakes.telegram_entities import fixed
from tests.fakes.telegram_mailbox import Mailbox
from tests.fakes.telegram_pieces import Piece
from tests.fakes.telegram_room import TYPING_LIVES, Draft, Kept, Room
from tests.fakes.telegram_wire import Parameters, bad

LONGEST_TEXT = 4096
QUERY_LIVES = 30
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
CHAT_ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
}


class Service(Protocol):
    """What the methods need of their server."""

    clock: Callable[[], float]
    lock: threading.RLock
    privacy: bool
    chats: dict[int, Any]
    mailbox: Mailbox
    files: dict[str, tuple[str, bytes]]
    presses: dict[str, float]
    answered: dict[str, str]
    commands: dict[tuple[str, str], dict[str, str]]
    profile: dict[tuple[str, str], str]

    @property
    def me(self) -> Piece: ...
    def store(self, content: bytes, path: str) -> Piece: ...


Method = Callable[[Service, Parameters], object]


def chat_of(service: Service, call: Parameters) -> Chat:
    """The chat of a call, reachable or not. Raises Refused."""
    given = call.text("chat_id")
    if not given:
        raise bad("chat_id is empty")
    for chat in service.chats.values():
        if given in (str(chat.id), f"@{chat.room.card.get('username')}") and isinstance(chat, Chat):
            return chat
    raise bad("chat not found")


def send_message(service: Service, call: Parameters) -> Piece:
    return sent(service, call, _content(call, "message is too long")).wire


def sent(service: Service, call: Parameters, content: Piece) -> Kept:
    """The new message of a call, with this in it."""
    room = room_of(service, call)
    markup = rules.keyboard(call.table("reply_markup"), only_inline=False)
    topic, reply_to = _topic(room, call), _reply_to(room, call)
    wire = {"from": service.me, **content, **({"reply_markup": markup} if markup else {})}
    silent = call.flag("disable_notification")
    kept = room.enter(wire, reply_to=reply_to, topic=topic, mine=True, silent=silent)
    room.draft, room.typing_until = Draft(), 0.0
    return kept


def send_draft(service: Service, call: Parameters) -> bool:
    content = _content(call, "message is too long", may_be_empty=True)
    room = room_of(service, call)
    if room.kind != "private":
        raise bad("TEXTDRAFT_PEER_INVALID")
    if not call.number("draft_id"):
        raise bad("RANDOM_ID_INVALID")
    _topic(room, call)
    room.draft = Draft(content["text"], service.clock())
    return True


def edit_text(service: Service, call: Parameters) -> Piece:
    content = _content(call, "MESSAGE_TOO_LONG")
    return _change(service, call, content)


def edit_markup(service: Service, call: Parameters) -> Piece:
    return _change(service, call, {})


def delete_message(service: Service, call: Parameters) -> bool:
    room = room_of(service, call)
    kept = room.messages.get(call.number("message_id"))
    if not kept:
        raise bad("message to delete not found")
    _delete(service, room, kept)
    return True


def delete_messages(service: Service, call: Parameters) -> bool:
    room, ids = room_of(service, call), call.several("message_ids")
    if not 1 <= len(ids) <= 100:
        raise bad("there are no messages to delete" if not ids else "too many messages to delete")
    for kept in [room.messages[one] for one in ids if one in room.messages]:
        _delete(service, room, kept)
    return True


def send_action(service: Service, call: Parameters) -> bool:
    room = room_of(service, call)
    if call.text("action") not in CHAT_ACTIONS:
        raise bad("wrong parameter action in request")
    _topic(room, call)
    room.typing_until = service.clock() + TYPING_LIVES
    return True


def react(service: Service, call: Parameters) -> bool:
    room, message_id = room_of(service, call, writing=False), call.number("message_id")
    if message_id not in room.messages:
        raise bad("message to react not found")
    emoji = rules.reaction(call.several("reaction"))
    room.reactions.pop(message_id, None)
    if room.allowed_reactions is not None and emoji not in {"", *room.allowed_reactions}:
        raise bad("REACTION_INVALID")
    if emoji:
        room.reactions[message_id] = emoji
    return True


def answer_press(service: Service, call: Parameters) -> bool:
    query = call.text("callback_query_id")
    pressed = service.presses.pop(query, None)
    if pressed is None or service.clock() > pressed + QUERY_LIVES:
        raise bad(TOO_OLD)
    if len(call.text("text")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    service.answered[query] = call.text("text")
    return True


def room_of(service: Service, call: Parameters, writing: bool = True) -> Room:
    """The chat of a call as a room that the bot may enter. Raises Refused."""
    room = chat_of(service, call).room
    room.check_open(writing)
    return room


def _content(call: Parameters, too_long: str, may_be_empty: bool = False) -> Piece:
    """Text and entities as they will be shown."""
    if call.text("parse_mode"):
        raise bad("can't parse entities: this server takes entities and no parse_mode")
    raw = call.text("text")
    if len(raw.encode("utf-8", "surrogatepass")) > 1 << 15:
        raise bad("text is too long")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in raw):
        raise bad("strings must be encoded in UTF-8")
    text, entities = fixed(raw, call.several("entities"))
    if not text and not may_be_empty:
        raise bad("message text is empty")
    if len(text) > LONGEST_TEXT:
        raise bad(too_long)
    return {"text": text, **({"entities": entities} if entities else {})}


def _topic(room: Room, call: Parameters) -> int | None:
    topic = call.number("message_thread_id") or None
    if topic and topic not in room.topics:
        raise bad("message thread not found")
    return topic


def _reply_to(room: Room, call: Parameters) -> int | None:
    reply = call.table("reply_parameters")
    if not reply:
        return None
    target = room.messages.get(int(reply.get("message_id", 0)))
    if not target and not reply.get("allow_sending_without_reply"):
        raise bad("message to be replied not found")
    if target and reply.get("quote", "") not in target.text:
        raise bad("QUOTE_TEXT_INVALID")
    return target.id if target else None


def _change(service: Service, call: Parameters, content: Piece) -> Piece:
    room = room_of(service, call)
    kept = room.messages.get(call.number("message_id"))
    if not kept:
        raise bad("message to edit not found")
    if not kept.mine:
        raise bad("message can't be edited")
    if content and not kept.wire.get("text"):
        raise bad("there is no text in the message to edit")
    markup = rules.keyboard(call.table("reply_markup"), only_inline=True)
    new = content or {name: kept.wire[name] for name in ("text", "entities") if name in kept.wire}
    new |= {"reply_markup": markup} if markup else {}
    stays = {key: kept.wire[key] for key in kept.wire.keys() - {"text", "entities", "reply_markup"}}
    if {**stays, **new} == kept.wire:
        raise bad(NOT_MODIFIED)
    kept.wire = {**stays, **new, "edit_date": int(service.clock())}
    kept.edits += 1
    return kept.wire


def _delete(service: Service, room: Room, kept: Kept) -> None:
    old = service.clock() - kept.wire["date"] > 48 * 3600
    others = not kept.mine and room.kind != "private" and room.status != "administrator"
    if old or others or kept.service:
        raise bad("message can't be deleted")
    del room.messages[kept.id]


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendMessageDraft": send_draft,
    "editMessageText": edit_text,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "sendChatAction": send_action,
    "setMessageReaction": react,
    "answerCallbackQuery": answer_press,
}
