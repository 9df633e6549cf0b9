"""The calls of the fake Feishu server about the app itself, its chats and the people in them."""

from tests.fakes.feishu_room import Room, World
from tests.fakes.feishu_wire import Call, Piece, Refused, Whole, violated

SCOPES = {
    *("im:message", "im:message:send_as_bot", "im:message:readonly", "im:message.p2p_msg:readonly"),
    *("im:message.group_at_msg:readonly", "im:message.group_msg", "im:message.reactions:read"),
    *("im:message.reactions:write_only", "im:resource", "im:chat:readonly", "cardkit:card:write"),
    *("contact:user.base:readonly", "application:application:self_manage"),
}
"""What the bot may need; all but im:message.group_msg is granted at first."""

EVENTS = {
    *("im.message.receive_v1", "im.message.recalled_v1", "im.message.message_read_v1"),
    *("im.message.reaction.created_v1", "im.message.reaction.deleted_v1", "im.chat.disbanded_v1"),
    *("im.chat.member.bot.added_v1", "im.chat.member.bot.deleted_v1", "im.chat.member.user.added_v1"),
    *("im.chat.access_event.bot_p2p_chat_entered_v1", "application.bot.menu_v6"),
}
"""What the bot may subscribe to."""


def token(world: World, call: Call) -> Whole:
    check_secret(world, call.body.get("app_id"), call.body.get("app_secret"))
    value, expire = world.token()
    return Whole({"code": 0, "msg": "ok", "tenant_access_token": value, "expire": expire})


def check_secret(world: World, app_id: object, secret: object) -> None:
    """Raises Refused."""
    if app_id != world.app_id:
        raise Refused(10003)
    if secret != world.app_secret:
        raise Refused(10014)


def bot_info(world: World, _call: Call) -> Whole:
    if not world.bot_ability:
        raise Refused(11205)
    bot = {"activate_status": 2, "app_name": world.name, "avatar_url": "", "ip_white_list": []}
    return Whole({"code": 0, "msg": "ok", "bot": {**bot, "open_id": world.open_id}})


def chats(world: World, call: Call) -> Piece:
    """The groups that the bot is in, a page at a time."""
    size = int(call.params.get("page_size", "20"))
    if not 1 <= size <= 100:
        raise violated("page_size", "1 to 100", size)
    rooms = [room for room in world.rooms.values() if room.mode != "p2p" and room.bot_in]
    start = int(call.params.get("page_token") or 0)
    more = start + size < len(rooms)
    items = [_chat(world, room) for room in rooms[start : start + size]]
    return {"items": items, "page_token": str(start + size) if more else "", "has_more": more}


def chat(world: World, call: Call) -> Piece:
    room = world.rooms.get(call.ids["chat_id"])
    if room is None:
        raise Refused(232006, "invalid chat_id")
    room.check_bot(writing=False)
    told = _chat(world, room)
    del told["chat_id"]
    return {**told, "chat_mode": room.mode, "chat_type": "private", "user_count": str(len(room.members))}


def application(world: World, call: Call) -> Piece:
    if call.ids["app_id"] not in (world.app_id, "me"):
        raise Refused(210008, "no permission")
    way = "websocket" if world.deliver == "socket" else "webhook"
    url = "" if world.deliver == "socket" else world.deliver
    callbacks = ["card.action.trigger"] if world.callbacks else []
    scopes = [
        {"scope": one, "description": "", "level": 1, "token_types": ["tenant"]} for one in _granted(world)
    ]
    return {
        "app": {
            "app_id": world.app_id,
            "app_name": world.name,
            "status": 1,
            "scopes": scopes,
            "event": {
                "subscription_type": way,
                "request_url": url,
                "subscribed_events": sorted(world.subscribed),
            },
            "callback_info": {
                "callback_type": way,
                "request_url": url,
                "subscribed_callbacks": callbacks,
            },
        }
    }


def scopes(world: World, _call: Call) -> Piece:
    """Those that the app has or has asked for; grant_status 1: granted, 2: not."""
    granted = _granted(world)
    return {
        "scopes": [
            {"scope_name": one, "grant_status": 1 if one in granted else 2, "scope_type": "tenant"}
            for one in sorted(SCOPES | world.scopes)
        ]
    }


def user(world: World, call: Call) -> Piece:
    if call.params.get("user_id_type", "open_id") != "open_id":
        raise violated("user_id_type", "the fake knows open_id")
    person = world.people.get(call.ids["user_id"])
    if person is None:
        raise Refused(99992351, call.ids["user_id"])
    known = {"open_id": person.id, "union_id": person.union_id}
    return {"user": {**known, "name": person.name} if world.names else known}


def _granted(world: World) -> list[str]:
    return sorted(world.scopes)


def _chat(world: World, room: Room) -> Piece:
    return {
        "chat_id": room.id,
        "avatar": "",
        "name": room.title,
        "description": "",
        "owner_id": next(iter(room.members), ""),
        "owner_id_type": "open_id",
        "external": False,
        "tenant_key": world.tenant_key,
        "chat_status": "dissolved" if room.dissolved else "normal",
    }
