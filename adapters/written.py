"""A reply as JSON fields: to be kept before it is shown, or told to another process."""

from base64 import b64decode, b64encode
from typing import Any, NamedTuple

from adapters.base import Button, Conversation, Enclosure, Reply

Fields = list[Any]


class Place(NamedTuple):
    """A source as it was written."""

    title: str
    heading: str
    url: str
    revision: str


def fields_of(reply: Reply) -> Fields:
    """All of the reply but its conversation."""
    return [
        reply.text,
        [[source.title, source.heading, source.url, source.revision] for source in reply.sources],
        [[button.label, button.command] for button in reply.buttons],
        reply.in_reply_to,
        reply.merged,
        reply.final,
        reply.reaction,
        [[one.name, one.media_type, b64encode(one.data).decode()] for one in reply.enclosures],
    ]


def reply_of(conversation: Conversation, fields: Fields) -> Reply:
    """The reply; ValueError or TypeError where these are not its fields."""
    text, sources, buttons, in_reply_to, merged, final, *rest = fields
    reaction, enclosures = rest or ("", [])  # an earlier version wrote neither
    return Reply(
        conversation,
        text,
        tuple(Place(*source) for source in sources),
        tuple(Button(*button) for button in buttons),
        in_reply_to,
        tuple(merged),
        final,
        reaction="thanks" if reaction else "",
        enclosures=tuple(Enclosure(name, kind, b64decode(data)) for name, kind, data in enclosures),
    )
