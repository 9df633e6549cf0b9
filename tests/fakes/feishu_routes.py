"""The calls that the fake Feishu server knows, and the rights that each of them needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes import feishu_account as account
from tests.fakes import feishu_beside as beside
from tests.fakes import feishu_cardkit as cardkit
from tests.fakes import feishu_messages as messages
from tests.fakes.feishu_room import World
from tests.fakes.feishu_wire import Call, Download, Piece, Whole

Handler = Callable[[World, Call], Piece | Whole | Download]
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
SEND = ("im:message", "im:message:send_as_bot")
READ = ("im:message", "im:message:readonly")
CARD = ("cardkit:card:write",)
APP = ("application:application:self_manage", "admin:app.info:readonly")
REACT = ("im:message", "im:message.reactions:write_only")
PERSON = ("contact:contact.base:readonly", "contact:user.base:readonly")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A call; any one of `scopes` is enough."""

    method: str
    pattern: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    expression: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        expression = re.compile(_PLACE.sub(r"(?P<\1>[^/]+)", self.pattern))
        object.__setattr__(self, "expression", expression)


_IM, _CARDS, _APPS = "/open-apis/im/v1", "/open-apis/cardkit/v1/cards", "/open-apis/application/v6"
_ONE, _ELEMENT = f"{_IM}/messages/{{message_id}}", f"{_CARDS}/{{card_id}}/elements/{{element_id}}"
ROUTES = (
    Route("POST", TOKEN, account.token),
    Route("GET", "/open-apis/bot/v3/info", account.bot_info),
    Route("GET", f"{_APPS}/applications/{{app_id}}", account.application, APP),
    Route("GET", f"{_APPS}/scopes", account.scopes),
    Route("GET", "/open-apis/contact/v3/users/{user_id}", account.user, PERSON),
    Route("GET", f"{_IM}/chats", account.chats, ("im:chat", "im:chat:readonly")),
    Route("GET", f"{_IM}/chats/{{chat_id}}", account.chat, ("im:chat", "im:chat:readonly")),
    Route("POST", f"{_IM}/images", beside.upload_image, ("im:resource",)),
    Route("POST", f"{_IM}/files", beside.upload_file, ("im:resource",)),
    Route("POST", f"{_IM}/messages", messages.create, SEND),
    Route("GET", f"{_IM}/messages", messages.listed, READ),
    Route("GET", _ONE, messages.get, READ),
    Route("PATCH", _ONE, messages.other_card, SEND),
    Route("PUT", _ONE, messages.edit, SEND),
    Route("DELETE", _ONE, messages.delete, SEND),
    Route("POST", f"{_ONE}/reply", messages.reply, SEND),
    Route("POST", f"{_ONE}/reactions", beside.react, REACT),
    Route("DELETE", f"{_ONE}/reactions/{{reaction_id}}", beside.unreact, REACT),
    Route("POST", f"{_ONE}/push_follow_up", beside.suggest, SEND),
    Route("GET", f"{_ONE}/resources/{{file_key}}", beside.resource, (*READ, "im:resource")),
    Route("POST", _CARDS, cardkit.create, CARD),
    Route("PUT", f"{_CARDS}/{{card_id}}", cardkit.update, CARD),
    Route("PATCH", f"{_CARDS}/{{card_id}}/settings", cardkit.settings, CARD),
    Route("PUT", f"{_ELEMENT}/content", cardkit.content, CARD),
    Route("PUT", _ELEMENT, cardkit.put_element, CARD),
    Route("PATCH", _ELEMENT, cardkit.patch_element, CARD),
    Route("DELETE", _ELEMENT, cardkit.delete_element, CARD),
)


def route_of(call: Call) -> Route | None:
    """The route of a call, which gets the ids in its path."""
    for route in ROUTES:
        if route.method == call.method and (found := route.expression.fullmatch(call.path)):
            call.ids = found.groupdict()
            return route
    return None
