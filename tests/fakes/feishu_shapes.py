"""One event of every kind that the fake Feishu server sends, and what a shape is."""

import json
from collections.abc import Callable
from typing import Any

from tests.fakes.feishu_app import CARD
from tests.fakes.feishu_room import BOT, Kept
from tests.fakes.feishu_server import FeishuServer, Person

PICTURE = b"\x89PNG picture"


def every_event(server: FeishuServer, lin: Person) -> dict[str, dict[str, Any]]:
    """One event of each kind, by the name of its shape."""
    server.at_only = False
    group, topics, chat = (
        server.group("一班", lin),
        server.group("话题", lin, topics=True),
        server.direct(lin),
    )
    first = group.say(lin, "怎么安装？", at_bot=True)
    group.room.enter(Kept("om_answer", group.id, "interactive", "", BOT, server.clock(), card=CARD), None)
    steps: dict[str, Callable[[], object]] = {
        "text_reply": lambda: group.say(lin, "再说说", reply_to=first),
        "text_thread": lambda: group.say(lin, "接着问", thread=first),
        "text_topic": lambda: topics.say(lin, "话题"),
        "text_direct": lambda: chat.say(lin, "在吗"),
        "post": lambda: group.say(lin, "报错", at_bot=True, images=[PICTURE]),
        "image": lambda: chat.say(lin, images=[PICTURE]),
        "file": lambda: chat.say(lin, file=("run.log", b"log")),
        "audio": lambda: chat.say(lin, audio=b"ogg"),
        "sticker": lambda: chat.say(lin, sticker=True),
        "interactive": lambda: chat.say(lin, card="卡片"),
        "merge_forward": lambda: chat.say(lin, merged=[(lin, "一")]),
        "reaction_created": lambda: group.react(lin, first, "THUMBSUP"),
        "reaction_deleted": lambda: group.unreact(lin, first, "THUMBSUP"),
        "card_action": lambda: group.press(lin, "om_answer", "👍"),
        "message_read": lambda: chat.read(lin, first),
        "recalled": lambda: group.recall(lin, first),
        "bot_menu": lambda: chat.menu(lin, "help"),
        "p2p_chat_entered": lambda: chat.enter(lin),
        "user_added": lambda: group.add(lin),
        "bot_deleted": lambda: group.remove_bot(),
        "bot_added": lambda: group.add_bot(),
        "disbanded": lambda: group.disband(),
    }
    for step in steps.values():
        step()
    return dict(zip(("text_at", *steps), server.events, strict=True))


def shape(value: object) -> object:
    """Names and types, and of a content what is in the string."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return [shape(json.loads(value))]
    return type(value).__name__
