"""Every fixed sentence a student reads, in Chinese and English, and how an Answer becomes a reply's text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from adapters.base import Button
from rag.types import Answer

_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The bot's sentences in one language; braces are filled with str.format."""

    working: str
    no_model: str
    model_down: str
    no_evidence: str
    index_unavailable: str
    failed: str
    empty: str
    too_long: str
    new_conversation: str
    forgetting_failed: str
    voted: str
    vote_failed: str
    vote_usage: str
    unknown_command: str
    help: str


CHINESE = Phrases(
    working="正在查资料…",
    no_model="还没有接入大模型，先把课程资料里最相关的原文找给你：",
    model_down="大模型暂时没有回应，先把课程资料里最相关的原文找给你：",
    no_evidence="课程资料里没有找到能回答这个问题的内容。可以换个说法、带上工具名或报错原文再问一次，也可以去问助教。",
    index_unavailable="课程资料的索引现在打不开，暂时答不了。请过几分钟再问；一直这样的话请告诉助教。",
    failed="抱歉，这条没有回答成功。请再发一次；还不行的话请告诉助教。",
    empty="这条消息里没有文字，请把问题写出来。",
    too_long="这条消息有 {length} 个字，太长了。请缩短到 {limit} 个字以内；报错只贴最后几行就好。",
    new_conversation="好，我们重新开始，前面的对话不再作数。",
    forgetting_failed="记忆暂时连不上，没能开始新对话。请过一会儿再试。",
    voted="谢谢反馈，已经记下。",
    vote_failed="反馈暂时没能记下，请过一会儿再点一次。",
    vote_usage="用法：/feedback up|down 消息编号（点回答下面的 👍 👎 更方便）。",
    unknown_command="没有 {name} 这个命令。发送 /help 看看我能做什么。",
    help="我是「{course}」的助教机器人。直接提问，我从课程资料里找答案，并告诉你出自哪里。可以用的命令：",
)
ENGLISH = Phrases(
    working="Looking it up…",
    no_model="No language model is connected yet; the course's own words that fit best are:",
    model_down="The language model does not answer right now; the course's own words that fit best are:",
    no_evidence="I found nothing in the course documents that answers this. Try other words, the tool's"
    " name or the exact error message, or ask the staff.",
    index_unavailable="I cannot open the course's index right now. Please ask again in a few minutes; if it"
    " lasts, tell the staff.",
    failed="Sorry, answering this one failed. Please send it again; if it fails again, tell the staff.",
    empty="There is no text in this message; please write your question.",
    too_long="This message has {length} characters, which is too long. Please keep it under {limit}; of an"
    " error, the last lines will do.",
    new_conversation="All right, we start afresh; what we said before no longer counts.",
    forgetting_failed="My memory cannot be reached, so we could not start afresh. Please try again soon.",
    voted="Thank you, noted.",
    vote_failed="I could not note that just now; please press again in a while.",
    vote_usage="Usage: /feedback up|down MESSAGE (the 👍 👎 below an answer are easier).",
    unknown_command="There is no command {name}. Send /help to see what I can do.",
    help="I am the teaching assistant of “{course}”. Just ask: I answer from the course's documents and say"
    " where it stands. Commands:",
)


def phrases(language: str) -> Phrases:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE


def language_of(text: str, languages: Sequence[str]) -> str:
    """The asker's language, if the course speaks it; else the course's first."""
    written = "zh" if _CJK.search(text) else "en" if _LATIN.search(text) else ""
    return written if written in languages else languages[0]


def answer_text(answer: Answer, language: str) -> str:
    """What the asker reads: the answer with the sentence that its outcome asks for."""
    said = phrases(language)
    if answer.outcome in ("no_evidence", "not_ours"):
        return said.no_evidence
    lead = {"no_model": said.no_model, "model_down": said.model_down, "": ""}[answer.notice]
    return f"{lead}\n\n{answer.text}" if lead else answer.text


def vote_buttons(message_id: str) -> tuple[Button, ...]:
    """The buttons below the answer to this message."""
    return (Button("👍", f"/feedback up {message_id}"), Button("👎", f"/feedback down {message_id}"))


def link(url: str, web_url: str) -> str:
    """An address that works from anywhere; the bot's own pages are given relative to its web page."""
    return urljoin(web_url, url)
