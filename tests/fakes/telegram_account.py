"""The methods of the fake Bot API about the bot itself: its menus, chats, files and webhook."""

import re

from tests.fakes import telegram_rules as rules
from tests.fakes.telegram_mailbox import Webhook
from tests.fakes.telegram_messages import Method, Service, chat_of
from tests.fakes.telegram_pieces import Piece, member
from tests.fakes.telegram_wire import Parameters, Refused, bad

LARGEST_FILE = 20 * 1024 * 1024
PROFILE = {"name": 64, "description": 512, "short_description": 120}


def get_me(service: Service, _call: Parameters) -> Piece:
    switches = {"can_join_groups": True, "can_read_all_group_messages": not service.privacy}
    return {**service.me, **switches, "supports_inline_queries": False, "has_main_web_app": False}


def set_webhook(service: Service, call: Parameters) -> bool:
    url, secret = call.text("url"), call.text("secret_token")
    if url and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise bad("bad webhook: invalid webhook URL specified")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad("secret token contains unallowed characters")
    _move(service, call, Webhook(url, secret))
    return True


def delete_webhook(service: Service, call: Parameters) -> bool:
    _move(service, call, Webhook())
    return True


def _move(service: Service, call: Parameters, hook: Webhook) -> None:
    mailbox = service.mailbox
    mailbox.allow(call.several("allowed_updates") if "allowed_updates" in call.raw else None)
    if call.flag("drop_pending_updates"):
        mailbox.drop()
    mailbox.webhook = hook
    mailbox.news()


def webhook_info(service: Service, _call: Parameters) -> Piece:
    mailbox, hook = service.mailbox, service.mailbox.webhook
    info: Piece = {"url": hook.url, "has_custom_certificate": False}
    info |= {"pending_update_count": len(mailbox.pending), "allowed_updates": sorted(mailbox.allowed)}
    if hook.last_error:
        info |= {"last_error_date": int(service.clock()), "last_error_message": hook.last_error}
    return info


def set_commands(service: Service, call: Parameters) -> bool:
    menu = rules.menu(call.several("commands"))
    if not menu:
        return delete_commands(service, call)
    service.commands[_key(service, call)] = menu
    return True


def delete_commands(service: Service, call: Parameters) -> bool:
    service.commands.pop(_key(service, call), None)
    return True


def get_commands(service: Service, call: Parameters) -> list[Piece]:
    menu = service.commands.get(_key(service, call), {})
    return [{"command": name, "description": text} for name, text in menu.items()]


def _key(service: Service, call: Parameters) -> tuple[str, str]:
    scope = call.table("scope")
    if "chat_id" in scope:
        chat_of(service, Parameters(scope))
    return rules.scope(scope), rules.language(call.text("language_code"))


def set_profile(noun: str) -> Method:
    def method(service: Service, call: Parameters) -> bool:
        text = call.text(noun).strip()
        if len(text) > PROFILE[noun]:
            raise bad(f"{noun.replace('_', ' ')} is too long")
        service.profile[noun, rules.language(call.text("language_code"))] = text
        return True

    return method


def get_profile(noun: str) -> Method:
    def method(service: Service, call: Parameters) -> Piece:
        language = rules.language(call.text("language_code"))
        default = str(service.me["first_name"]) if noun == "name" else ""
        return {noun: service.profile.get((noun, language)) or service.profile.get((noun, ""), default)}

    return method


def set_menu_button(service: Service, call: Parameters) -> bool:
    kind = call.table("menu_button").get("type", "default")
    if kind not in ("default", "commands", "web_app"):
        raise bad("can't parse menu button: invalid type specified")
    if call.text("chat_id") and chat_of(service, call).kind != "private":
        raise bad("chat not found")
    service.profile["menu_button", call.text("chat_id")] = kind
    return True


def get_file(service: Service, call: Parameters) -> Piece:
    file_id = call.text("file_id")
    if file_id not in service.files:
        raise bad("wrong file_id or the file is temporarily unavailable")
    path, content = service.files[file_id]
    if len(content) > LARGEST_FILE:
        raise bad("file is too big")
    return {"file_id": file_id, "file_unique_id": file_id[-8:], "file_size": len(content), "file_path": path}


def get_chat(service: Service, call: Parameters) -> Piece:
    room = chat_of(service, call).room
    room.check_open(writing=False)
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    accepted = dict.fromkeys(gifts, False)
    return {**room.card, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": accepted}


def get_member(service: Service, call: Parameters) -> Piece:
    room, user_id = chat_of(service, call).room, call.number("user_id")
    room.check_open(writing=False)
    if user_id == service.me["id"]:
        return member(service.me, room.status)
    if user_id not in room.members:
        raise bad("PARTICIPANT_ID_INVALID")
    return member(room.members[user_id], "administrator" if user_id in room.admins else "member")


def get_admins(service: Service, call: Parameters) -> list[Piece]:
    room = chat_of(service, call).room
    room.check_open(writing=False)
    if room.kind == "private":
        raise bad("there are no administrators in the private chat")
    own = [member(service.me, room.status)] if room.status == "administrator" else []
    return own + [member(room.members[one], "administrator") for one in room.admins if one in room.members]


def leave_chat(service: Service, call: Parameters) -> bool:
    room = chat_of(service, call).room
    if room.kind == "private":
        raise bad("chat member status can't be changed in private chats")
    room.check_open(writing=False)
    room.status = "left"
    return True


def log_out(_service: Service, _call: Parameters) -> bool:
    return True


def close(_service: Service, _call: Parameters) -> bool:
    raise Refused(429, "Too Many Requests: retry after 600", retry_after=600)


METHODS: dict[str, Method] = {
    "getMe": get_me,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "setMyCommands": set_commands,
    "deleteMyCommands": delete_commands,
    "getMyCommands": get_commands,
    "setMyName": set_profile("name"),
    "setMyDescription": set_profile("description"),
    "setMyShortDescription": set_profile("short_description"),
    "getMyName": get_profile("name"),
    "getMyDescription": get_profile("description"),
    "getMyShortDescription": get_profile("short_description"),
    "setChatMenuButton": set_menu_button,
    "getFile": get_file,
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatAdministrators": get_admins,
    "leaveChat": leave_chat,
    "logOut": log_out,
    "close": close,
}
