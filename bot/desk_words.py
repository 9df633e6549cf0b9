"""What the desk says to those who ask and to the staff, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from memory.base import Reason
from memory.staff import Cause


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language."""

    # To those who ask.
    handed: str
    no_staff: str
    enough: str
    gone: str
    ask_usage: str
    feedback: str
    replied: str
    corrected: str
    asks_back: str
    staff: str
    of_staff: str

    # On cards.
    causes: Mapping[Cause, str]
    reasons: Mapping[Reason, str]
    reason: str
    asked_by: str
    asked_by_many: str
    somebody: str
    group: str
    direct: str
    before: str
    how_to: str
    assigned: str
    answered: str
    approved: str
    rejected: str
    ignored: str
    merged: str
    draft: str
    asker_wrote: str
    staff_wrote: str
    also_asked: str
    maybe_same: str
    reminder: str
    closed: str
    erased: str
    assign: str
    ignore: str
    approve: str
    edit: str
    reject: str

    # To what the staff does.
    told: str
    told_nobody: str
    asked_back: str
    not_sent: str
    write_words: str
    pictures_stay: str
    already: str
    no_item: str
    which: str
    here_only: str
    no_draft: str
    approving: str
    was_approved: str
    was_rejected: str
    was_withdrawn: str
    was_ignored: str
    was_assigned: str
    was_merged: str
    same: str
    how_to_edit: str
    was_edited: str
    empty: str
    waiting: str
    drafts: str
    line: str
    taken_by: str


CHINESE = Words(
    handed="好，已经转给助教，有回复会在这里告诉你。",
    no_staff="这里还没有接上助教群，这条我转不过去。请直接联系助教。",
    enough="你已经有 {count} 个问题在等助教，先等他们回复，再转新的吧。",
    gone="这个问题我这里找不到了：可能已经忘掉，或者是别处问的。请发送 /staff 加上你的问题。",
    ask_usage="你在这里还没有问过问题。请发送 /staff 加上你的问题，我转给助教。",
    feedback="谢谢！已经转给助教。",
    replied="**{who} 回复：**\n\n{text}",
    corrected="**{who} 更正：**\n\n{text}",
    asks_back="**{who} 想先确认：**\n\n{text}\n\n回复这条消息就能告诉助教，也可以发送"
    "「/staff {number} 你的回答」。",
    staff="助教",
    of_staff="助教 {name}",
    causes={
        "no_evidence": "资料里没有答案",
        "down_vote": "回答被点踩",
        "asked": "有人找助教",
        "feedback": "有人提意见",
    },
    reasons={"wrong": "不准确", "missed": "没答到点上", "old": "内容过时", "unclear": "看不懂"},
    reason="点踩的原因：{reason}",
    asked_by="{name} · {place} · {time}",
    asked_by_many="{name} 等 {count} 人 · {place} · {time}",
    somebody="同学",
    group="{platform}群",
    direct="{platform}私聊",
    before="之前说过：",
    how_to="直接回复这条消息就是回答，会转给提问者。问号结尾的算追问；@ 或 // 开头的不转。",
    assigned="由 {name} 处理",
    answered="✅ {name} 已答复（{time}）。草稿通过后，别人问同样的问题就会得到这个回答：",
    approved="✅ {name} 已答复（{time}），已通过：",
    rejected="{name} 已答复（{time}）。草稿已驳回，不会再给别人看。",
    ignored="已忽略",
    merged="已并入 #{into}",
    draft="**问**：{question}\n\n**答**：{answer}",
    asker_wrote="提问者：{text}",
    staff_wrote="{who}：{text}",
    also_asked="也有人这样问：{question}",
    maybe_same="可能和 #{into} 是同一个问题（{question}）。是的话请发送 /merge {number} {into}",
    reminder="⏰ #{number} 还没有人回答，已经等了 {ago}。现在一共有 {count} 个问题在等。\n\n> {question}",
    closed="#{number} 的回复没能送到 {name}：对方关闭了对话，或者已经不在那里。",
    erased="这个问题已按提问者的要求删除。",
    assign="认领",
    ignore="忽略",
    approve="通过",
    edit="修改",
    reject="驳回",
    told="#{number} 已转给提问者（{count} 人）。下面是草稿，通过后别人问同样的问题就会得到这个回答：",
    told_nobody="#{number} 已经没有提问者可以转告。下面是草稿，通过后别人问同样的问题就会得到这个回答：",
    asked_back="已作为追问转给 #{number} 的提问者，这个问题还开着。如果这就是答案，请发送"
    "「/answer {number} 回答」。",
    not_sent="这条没有转给提问者。",
    write_words="我只能转文字，这条没有转出去。请把回答写出来。",
    pictures_stay="图片和文件没有转过去，只转了文字。",
    already="#{number} 已由 {name} 答复，这条没有转给提问者。要再发给提问者，请发送"
    "「/answer {number} 回答」；只改草稿，请回复「答：…」或「问：…」。",
    no_item="没有 #{number} 这个问题：可能提问者已经让我忘掉了。发送 /pending 看看还有哪些。",
    which="请写上编号，或者回复那条问题。",
    here_only="这个命令请在助教群里或私聊里用，免得群里看到别人的问题。",
    no_draft="#{number} 还没有回答，没有草稿可以处理。先用「/answer {number} 回答」答复。",
    approving="#{number} 已通过，正在上线…",
    was_approved="#{number} 之前已经通过了。",
    was_rejected="#{number} 的草稿已驳回，不会给别人看；提问者收到的回复不变。",
    was_withdrawn="#{number} 已驳回，正在从答案里撤下…",
    was_ignored="#{number} 已忽略。要重新答复，请发送「/answer {number} 回答」。",
    was_assigned="#{number} 由 {name} 处理。",
    was_merged="#{number} 已并入 #{into}，提问者会一起收到回复。",
    same="不能把一个问题并入它自己。",
    how_to_edit="把改好的发回来，可以只写其中一行；提问者收到的回复不变：\n\n"
    "```\n/edit {number}\n问：{question}\n答：{answer}\n```",
    was_edited="#{number} 的草稿改好了：",
    empty="没有在等的问题，也没有待通过的草稿。",
    waiting="**等待回答（{count}）**",
    drafts="**草稿待通过（{count}）**",
    line="- **#{number}** {question}（{details}）",
    taken_by="{name} 处理",
)

ENGLISH = Words(
    handed="All right, the staff has it now; when they reply, you will hear it here.",
    no_staff="No staff's chat is connected here, so I cannot pass this on. Please ask the staff directly.",
    enough="{count} questions of yours wait for the staff already; please wait for a reply first.",
    gone="I cannot find that question any more: it may be forgotten, or asked elsewhere. Please send /staff"
    " with your question.",
    ask_usage="You have not asked anything here yet. Send /staff with your question, and the staff gets it.",
    feedback="Thank you! The staff has it now.",
    replied="**{who} replies:**\n\n{text}",
    corrected="**{who} corrects:**\n\n{text}",
    asks_back="**{who} would like to know first:**\n\n{text}\n\nReply to this message to tell them, or send"
    " “/staff {number} your answer”.",
    staff="The staff",
    of_staff="{name} (staff)",
    causes={
        "no_evidence": "Not in the documents",
        "down_vote": "An answer was voted down",
        "asked": "Somebody asks for the staff",
        "feedback": "Feedback",
    },
    reasons={
        "wrong": "not correct",
        "missed": "misses the point",
        "old": "out of date",
        "unclear": "hard to understand",
    },
    reason="Voted down because: {reason}",
    asked_by="{name} · {place} · {time}",
    asked_by_many="{name} and others, {count} in all · {place} · {time}",
    somebody="A student",
    group="{platform} group",
    direct="{platform}, direct chat",
    before="Said before:",
    how_to="Reply to this message and the asker gets your answer. One that ends in a question mark asks them"
    " back; what begins with @ or // stays here.",
    assigned="{name} takes it",
    answered="✅ Answered by {name} ({time}). Once the draft is approved, others who ask the same get it:",
    approved="✅ Answered by {name} ({time}) and approved:",
    rejected="Answered by {name} ({time}). The draft was rejected; nobody else will see it.",
    ignored="Ignored",
    merged="Merged into #{into}",
    draft="**Q**: {question}\n\n**A**: {answer}",
    asker_wrote="The asker: {text}",
    staff_wrote="{who}: {text}",
    also_asked="Somebody else asks: {question}",
    maybe_same="Perhaps the same as #{into} ({question}). If so, send /merge {number} {into}",
    reminder="⏰ Nobody has answered #{number} for {ago}. Questions that wait in all: {count}."
    "\n\n> {question}",
    closed="The reply to #{number} did not reach {name}: the chat is closed, or they are no longer there.",
    erased="This question was erased, as its asker wished.",
    assign="Take it",
    ignore="Ignore",
    approve="Approve",
    edit="Edit",
    reject="Reject",
    told="#{number} was passed on (askers: {count}). Below is the draft; once approved, others who ask the"
    " same get it:",
    told_nobody="#{number} has no asker any more to be told. Below is the draft; once approved, others who"
    " ask the same get it:",
    asked_back="Passed on as a question to who asked #{number}, which stays open. If it is the answer,"
    " send “/answer {number} ANSWER”.",
    not_sent="This was not passed on to the asker.",
    write_words="I can pass on words alone, so this was not sent. Please write the answer.",
    pictures_stay="Only the words were passed on, no picture or file.",
    already="{name} has answered #{number}, so this was not passed on. To send it to the asker as well, send"
    " “/answer {number} ANSWER”; to change the draft alone, reply “A: …” or “Q: …”.",
    no_item="There is no #{number}: perhaps the asker wanted it forgotten. Send /pending to see what waits.",
    which="Please add the number, or reply to the question.",
    here_only="Please use this in the staff's chat or a direct chat, so that a group does not read the"
    " questions of others.",
    no_draft="#{number} has no answer yet, so there is no draft. First send “/answer {number} ANSWER”.",
    approving="#{number} is approved and goes live…",
    was_approved="#{number} was approved before.",
    was_rejected="The draft of #{number} is rejected, and nobody else will see it; what the asker got stays.",
    was_withdrawn="#{number} is rejected and taken out of the answers…",
    was_ignored="#{number} is ignored. To answer it after all, send “/answer {number} ANSWER”.",
    was_assigned="{name} takes #{number}.",
    was_merged="#{number} is merged into #{into}; its askers get that reply too.",
    same="A question cannot be merged into itself.",
    how_to_edit="Send it back as it should be, or just one of its lines; what the asker got stays:\n\n"
    "```\n/edit {number}\nQ: {question}\nA: {answer}\n```",
    was_edited="The draft of #{number} reads now:",
    empty="No question waits, and no draft either.",
    waiting="**Waiting for an answer ({count})**",
    drafts="**Drafts to approve ({count})**",
    line="- **#{number}** {question} ({details})",
    taken_by="{name} takes it",
)


def words(language: str) -> Words:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
