"""Every fixed sentence a student reads, in Chinese and English, and how an Answer becomes a reply's text."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from adapters.base import Button
from memory.base import Allowance, Refused
from rag.pictures import PICTURE_BYTES, PICTURES, Reason
from rag.types import Answer

_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_ENGLISH = re.compile(
    r"\b(the|an|is|are|am|was|how|what|which|where|when|why|who|do|does|did|can|could|should|will|would|to|of|for"
    r"|with|without|my|i|me|it|this|that|please|hi|hello|thanks?|you|your|we|not|any|about)\b",
    re.IGNORECASE,
)
_LOG = re.compile(
    r"Traceback|^\s+\S|\b\w*(Error|Exception|Warning)\b\s*:|^\W*(pip|python|conda|git|\$|>>>)\s"
)
_KINDS = "PNG, JPEG, WebP, GIF, BMP"
_UNITS = ((3600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second"))


@dataclass(frozen=True, slots=True)
class Phrases:
    """The bot's sentences in one language; braces are filled with str.format."""

    working: str
    ahead: str
    busy: str
    late: str
    over_minute: str
    over_day: str
    over_group: str
    waiting: str
    no_model: str
    model_down: str
    remembered: str
    nothing_remembered: str
    no_evidence: str
    not_ours: str
    noted: str
    greeting: str
    thanks: str
    complaint: str
    index_unavailable: str
    failed: str
    empty: str
    too_long: str
    too_many_pictures: str
    picture_too_large: str
    not_a_picture: str
    picture_unreadable: str
    picture_too_slow: str
    picture_without_text: str
    new_conversation: str
    forgetting_failed: str
    voted: str
    vote_failed: str
    vote_usage: str
    unknown_command: str
    help: str


CHINESE = Phrases(
    working="正在查资料…",
    ahead="前面还有 {count} 个问题，轮到你就开始查…",
    busy="这里还有好几个问题在排队，这一条我先没有收下。等前面的答完了，请再发一次。",
    late="这是你 {ago}前问的，抱歉，我当时没能看到。如果还需要，请再发一次。",
    over_minute="你问得有点快：一分钟内最多 {limit} 个问题。请过 {wait}再发这一条。",
    over_day="你在过去 24 小时里已经问了 {limit} 个问题，到上限了。请过 {wait}再来问；着急的话请直接找助教。",
    over_group="这个群里问题有点多：一分钟内最多 {limit} 个。请过 {wait}再发这一条。",
    waiting="大模型暂时没有回应，我在继续试…",
    no_model="还没有接入大模型，先把课程资料里最相关的原文找给你：",
    model_down="大模型暂时没有回应，先把课程资料里最相关的原文找给你：",
    remembered="你之前说过：",
    nothing_remembered="这个我还不知道：在这个对话里，你没有跟我说过。",
    no_evidence="课程资料里没有找到能回答这个问题的内容。可以换个说法、带上工具名或报错原文再问一次，也可以去问助教。",
    not_ours="这好像不是课程里的问题，我只回答课程资料里有的内容。发送 /help 看看我能做什么。",
    noted="好的，记下了。接下来的回答我会考虑到这一点；想看我记着什么，发送 /mydata。",
    greeting="你好，我是课程助教。有课程、作业或报错的问题直接问我；发送 /help 看看我还能做什么。",
    thanks="好的，有问题随时问我。",
    complaint="抱歉没帮上忙。可以换个说法、带上工具名或报错原文再问一次，也可以去问助教。",
    index_unavailable="课程资料的索引现在打不开，暂时答不了。请过几分钟再问；一直这样的话请告诉助教。",
    failed="抱歉，这条没有回答成功。请再发一次；还不行的话请告诉助教。",
    empty="这条消息里没有文字，请把问题写出来。",
    too_long="这条消息有 {length} 个字，太长了。请缩短到 {limit} 个字以内；报错只贴最后几行就好。",
    too_many_pictures="图片太多了：一次最多看 {limit} 张。请挑最要紧的再发一次，报错直接贴文字更好。",
    picture_too_large="图片太大了，最大 {limit}。请裁剪或压缩后再发，报错直接贴文字更好。",
    not_a_picture="这个文件不是我能看的图片，请发 {kinds}。",
    picture_unreadable="这张图片打不开，可能没有传完整。请重新截一张再发。",
    picture_too_slow="这张图片看了很久也没看完。请只截报错的那一块再发，或者直接贴文字。",
    picture_without_text="这张图片里没有认出文字。请把报错的文字贴出来，或者截得更清楚些。",
    new_conversation="好，我们重新开始，前面的对话不再作数。你说过的自己的情况我还记着，"
    "发送 /forget 可以让我忘掉。",
    forgetting_failed="记忆暂时连不上，没能开始新对话。请过一会儿再试。",
    voted="谢谢反馈，已经记下。",
    vote_failed="反馈暂时没能记下，请过一会儿再点一次。",
    vote_usage="用法：/feedback up|down 消息编号（点回答下面的 👍 👎 更方便）。",
    unknown_command="没有 {name} 这个命令。发送 /help 看看我能做什么。",
    help="我是「{course}」的助教机器人。直接提问，我从课程资料里找答案，并告诉你出自哪里。可以用的命令：",
)
ENGLISH = Phrases(
    working="Looking it up…",
    ahead="Questions before yours: {count}. Yours comes right after…",
    busy="Several questions are still waiting here, so I did not take this one. Please send it again when"
    " they are answered.",
    late="You asked this {ago} ago; sorry, I could not see it in time. If you still need an answer, please"
    " send it again.",
    over_minute="That was quick: I take at most {limit} questions a minute from one person. Please send this"
    " one again in {wait}.",
    over_day="You have asked {limit} questions in the last 24 hours, the most I may answer. Please come"
    " back in {wait}; if it cannot wait, ask the staff.",
    over_group="This group asks a lot just now: I take at most {limit} questions a minute here. Please send"
    " this one again in {wait}.",
    waiting="The language model does not answer right now; I keep trying…",
    no_model="No language model is connected yet; the course's own words that fit best are:",
    model_down="The language model does not answer right now; the course's own words that fit best are:",
    remembered="Earlier you told me:",
    nothing_remembered="I do not know that: you have not told me in this conversation.",
    no_evidence="I found nothing in the course documents that answers this. Try other words, the tool's"
    " name or the exact error message, or ask the staff.",
    not_ours="This does not seem to be about the course, and I answer only from its documents. Send /help to"
    " see what I can do.",
    noted="All right, noted; I will bear it in mind. Send /mydata to see what I know of you.",
    greeting="Hello, I am the course's teaching assistant. Ask me about the course, its homework or an error;"
    " send /help to see what else I can do.",
    thanks="You are welcome; ask me any time.",
    complaint="I am sorry that I was of no help. Try other words, the tool's name or the exact error message,"
    " or ask the staff.",
    index_unavailable="I cannot open the course's index right now. Please ask again in a few minutes; if it"
    " lasts, tell the staff.",
    failed="Sorry, answering this one failed. Please send it again; if it fails again, tell the staff.",
    empty="There is no text in this message; please write your question.",
    too_long="This message has {length} characters, which is too long. Please keep it under {limit}; of an"
    " error, the last lines will do.",
    too_many_pictures="That is too many pictures: I look at {limit} at once. Please send those that matter"
    " most; an error is best pasted as text.",
    picture_too_large="This picture is too large, the most is {limit}. Please crop or shrink it; an error is"
    " best pasted as text.",
    not_a_picture="This file is no picture that I can read; please send {kinds}.",
    picture_unreadable="I cannot open this picture, perhaps it was cut off on its way. Please take it again.",
    picture_too_slow="Reading this picture took too long. Please send only the part with the error, or paste"
    " it as text.",
    picture_without_text="I found no text in this picture. Please paste the error as text, or take a clearer"
    " one.",
    new_conversation="All right, we start afresh; what we said before no longer counts. I still know what you"
    " told me about yourself; send /forget to have it erased.",
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


def is_prose(text: str) -> bool:
    """Whether somebody speaks a language in it: a version, a command or a pasted log has none."""
    spoken = "\n".join(line for line in text.splitlines() if not _LOG.search(line))
    return bool(_CJK.search(text) or _ENGLISH.search(spoken))


def language_of(text: str, languages: Sequence[str]) -> str:
    """The asker's language, if the course speaks it; else the course's first."""
    written = "zh" if _CJK.search(text) else "en" if _LATIN.search(text) else ""
    return written if written in languages else languages[0]


def answer_text(answer: Answer, language: str) -> str:
    """What the asker reads: the answer with the sentence that its outcome asks for."""
    said = phrases(language)
    if answer.notice == "remembered" and not answer.text:
        return said.nothing_remembered
    if answer.outcome == "no_evidence":
        return said.no_evidence
    lead = {
        "": said.not_ours if answer.outcome == "not_ours" else "",
        "no_model": said.no_model,
        "model_down": said.model_down,
        "waiting": said.waiting,
        "remembered": said.remembered,
        "noted": said.noted,
        "greeting": said.greeting,
        "thanks": said.thanks,
        "complaint": said.complaint,
    }[answer.notice]
    told = f"{said.remembered}\n\n{answer.told}" if answer.told else ""
    return "\n\n".join(filter(None, (told, lead, answer.text)))


def picture_text(reason: Reason, language: str) -> str:
    """Why a picture that came with a question cannot be read, and what to do."""
    said = phrases(language)
    return {
        "number": said.too_many_pictures.format(limit=PICTURES),
        "size": said.picture_too_large.format(limit=f"{PICTURE_BYTES // 1_000_000} MB"),
        "type": said.not_a_picture.format(kinds=_KINDS),
        "damaged": said.picture_unreadable,
        "slow": said.picture_too_slow,
    }[reason]


def refused_text(refused: Refused, allowance: Allowance, language: str) -> str:
    """Which limit a question is over, and when there is room again."""
    said = phrases(language)
    sentence, limit = {
        "minute": (said.over_minute, allowance.per_minute),
        "day": (said.over_day, allowance.per_day),
        "group": (said.over_group, allowance.group_per_minute),
    }[refused.limit]
    return sentence.format(limit=limit, wait=duration(refused.wait, language))


def duration(seconds: float, language: str) -> str:
    """`40 秒`, `25 分钟`, `3 小时` or the same in English; rounded up, so that waiting so long is enough."""
    size, chinese, english = next((unit for unit in _UNITS if seconds > 2 * unit[0]), _UNITS[-1])
    count = max(1, math.ceil(seconds / size))
    if language == "zh":
        return f"{count} {chinese}"
    return f"{count} {english}" + ("s" if count > 1 else "")


def vote_buttons(message_id: str) -> tuple[Button, ...]:
    """The buttons below the answer to this message."""
    return (Button("👍", f"/feedback up {message_id}"), Button("👎", f"/feedback down {message_id}"))


def link(url: str, web_url: str) -> str:
    """An address that works from anywhere; the bot's own pages are given relative to its web page."""
    return urljoin(web_url, url)
