"""Replies to a message: what a command says, an answer that grows, a final sentence."""

from dataclasses import replace

from adapters.base import Message, Reply
from bot.command_call import Said
from rag.types import Answer


def spoken_reply(message: Message, said: Said) -> Reply:
    reply = final(message, said.text)
    return replace(reply, sources=said.sources, buttons=said.buttons, enclosures=said.enclosures)


def growing(message: Message, text: str, answer: Answer | None = None) -> Reply:
    sources = answer.sources if answer else ()
    pending = answer is None or (answer.notice == "waiting" and not answer.text)
    return Reply(message.conversation, text, sources, in_reply_to=message.id, pending=pending)


def final(message: Message, text: str) -> Reply:
    return Reply(message.conversation, text, in_reply_to=message.id, final=True)
