"""Every fixed sentence a student reads, in Chinese and English."""

from dataclasses import dataclass


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
    why_down: str
    wrong: str
    missed: str
    old: str
    unclear: str
    vote_failed: str
    vote_usage: str
    unknown_command: str
    help: str
    welcome: str
    group_welcome: str
    here: str
    ask_usage: str
    more: str
    in_detail: str
    more_gone: str
    again: str
    again_gone: str
    recalled: str
    nothing_to_recall: str
    recall_failed: str
    lost: str
    withheld: str
    voice: str
    sticker: str
    video: str
    unreadable_file: str
    unreadable: str
    unread: str
    attachment_too_large: str
    ask_staff: str
    handed_over: str
    staff_only: str
    staff_help: str
    usage: str
    attachment_gone: str
    about: str
    introduction: str


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
    why_down="谢谢，哪里不好？",
    wrong="不准确",
    missed="没答到点上",
    old="内容过时",
    unclear="看不懂",
    vote_failed="反馈暂时没能记下，请过一会儿再点一次。",
    vote_usage="用法：/feedback up|down 消息编号（点回答下面的 👍 👎 更方便）。",
    unknown_command="没有 {name} 这个命令。发送 /help 看看我能做什么。",
    help="我是「{course}」的助教机器人。直接提问，我从课程资料里找答案，并告诉你出自哪里。可以用的命令：",
    welcome="你好，我是「{course}」的助教机器人，从课程资料里找答案，并告诉你出自哪里。可以这样用我：\n\n"
    "- 直接提问，比如：作业怎么提交？\n"
    "- 遇到报错：把最后几行贴过来，或者发一张截图\n"
    "- 在群里：@我，或者发送 /ask 加上你的问题\n\n"
    "发送 /help 看看我还能做什么。",
    group_welcome="大家好，我是「{course}」的助教机器人。有课程问题就 @我、回复我的消息，或发送 /ask"
    " 加上问题；其他时候我不出声。发送 /help 看看我能做什么。",
    here="在呢，想问什么？@我 的时候把问题一起写上就行，也可以发送 /ask 加上问题。",
    ask_usage="用法：/ask 加上你的问题，比如「/ask 怎么安装」；也可以回复一条消息，只发 /ask。",
    more="再详细一点",
    in_detail="{question}（请讲得更详细，分步骤说明）",
    more_gone="这条回答我这里找不到了：可能已经忘掉，或者是别人问的。请把你的问题再发一次，我讲细一点。",
    again="再发一次",
    again_gone="这条回答我这里找不到了：可能已经忘掉，或者是别人问的。请把你的问题再发一次。",
    recalled="好，已撤回上一条回答。",
    nothing_to_recall="没有可以撤回的回答：我只撤回我在这个对话里回答你的内容。",
    recall_failed="这条回答在聊天里撤不回来了（可能发得太久），不过后面的对话不会再提到它。",
    lost="网络出了点问题，不确定刚才的回答你有没有收到。没看到的话点下面的按钮。",
    withheld="抱歉，这条回答没能通过飞书的内容审核，发不出来。可以换个说法再问一次，或者去问助教。",
    voice="语音我还听不了，请打字告诉我。",
    sticker="表情收到！有课程问题的话，打字问我就好。",
    video="视频我还看不了。请把问题打出来，或者截一张图发给我。",
    unreadable_file="这种文件我读不了。我能读图片和文本文件（如 .txt、.log、.md、.py、.json）；"
    "别的请把要紧的部分贴成文字。",
    unreadable="这种消息我还读不了，请打字告诉我，或者发截图。",
    unread="你附上的内容我看不了，先只按文字回答；要紧的部分请贴成文字，或者截图发给我。",
    attachment_too_large="这个文件太大了。请只发要紧的部分：报错贴最后几行就好，图片裁剪后再发。",
    attachment_gone="这个文件取不下来了，请再发一次。",
    ask_staff="转人工",
    handed_over="课程资料里没有找到能回答这个问题的内容。我已经把它转给助教，有回复会在这里告诉你。",
    staff_only="这个命令只有助教和管理员能用。想知道你能用哪些，发送 /help。",
    staff_help="助教的命令：",
    usage="用法：{usage}",
    about="「{course}」的助教：依据课程资料回答，并注明出处。",
    introduction="你好，我是「{course}」的助教机器人。\n\n直接问我课程、作业和报错，也可以发截图或日志；"
    "我从课程资料里找答案，并告诉你出自哪里。在群里 @我，或者发送 /ask 加上问题。",
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
    why_down="Thank you; what is wrong with it?",
    wrong="Not correct",
    missed="Misses the point",
    old="Out of date",
    unclear="Hard to understand",
    vote_failed="I could not note that just now; please press again in a while.",
    vote_usage="Usage: /feedback up|down MESSAGE (the 👍 👎 below an answer are easier).",
    unknown_command="There is no command {name}. Send /help to see what I can do.",
    help="I am the teaching assistant of “{course}”. Just ask: I answer from the course's documents and say"
    " where it stands. Commands:",
    welcome="Hello! I am the teaching assistant of “{course}”: I answer from the course's documents and say"
    " where it stands. Three ways to use me:\n\n"
    "- Just ask, for example: how do I hand in the homework?\n"
    "- An error? Paste its last lines, or send a screenshot\n"
    "- In a group: mention me, or send /ask with your question\n\n"
    "Send /help to see what else I can do.",
    group_welcome="Hello everyone, I am the teaching assistant of “{course}”. To ask about the course,"
    " mention me, reply to a message of mine, or send /ask with your question; otherwise I keep quiet. Send"
    " /help to see what I can do.",
    here="Here I am. What would you like to know? Put your question right beside the mention, or send /ask"
    " with it.",
    ask_usage="Usage: /ask with your question, as in “/ask how to install”; or reply to a message with just"
    " /ask.",
    more="More detail",
    in_detail="{question} (please explain in more detail, step by step)",
    more_gone="I cannot find that answer any more: it may be forgotten, or somebody else's. Please send me"
    " your question again, and I go into detail.",
    again="Send it again",
    again_gone="I cannot find that answer any more: it may be forgotten, or somebody else's. Please send me"
    " your question again.",
    recalled="All right, I have taken my last answer back.",
    nothing_to_recall="There is no answer to take back: I take back only what I answered you in this"
    " conversation.",
    recall_failed="I cannot take that answer out of the chat any more (it may be too old), but I will not"
    " come back to it.",
    lost="The network failed, and I cannot tell whether my answer reached you. If you do not see it, press"
    " the button below.",
    withheld="Sorry, the platform did not let this answer through. Please ask in other words, or ask the"
    " staff.",
    voice="I cannot listen to voice messages yet; please type your question.",
    sticker="Nice one! If you have a question about the course, just type it.",
    video="I cannot watch videos yet. Please type your question, or send a screenshot.",
    unreadable_file="I cannot read this kind of file. I read pictures and text files (such as .txt, .log,"
    " .md, .py, .json); of others, please paste the part that matters.",
    unreadable="I cannot read this kind of message yet; please type your question, or send a screenshot.",
    unread="I cannot read what you attached, so I answer your words alone; please paste the part that"
    " matters, or send a screenshot.",
    attachment_too_large="This file is too large. Please send only what matters: of an error the last lines,"
    " of a picture the part that shows it.",
    attachment_gone="I cannot fetch this file any more; please send it again.",
    ask_staff="Ask staff",
    handed_over="I found nothing in the course documents that answers this. I have handed it to the staff;"
    " when they reply, you will hear it here.",
    staff_only="Only the staff may use this command. Send /help to see what you can use.",
    staff_help="For the staff:",
    usage="Use it so: {usage}",
    about="The TA of “{course}”: answers from its documents, with the source.",
    introduction="Hello, I am the teaching assistant of “{course}”.\n\nAsk me about the course, its homework"
    " or an error; screenshots and logs are welcome. I answer from the course's documents and say where it"
    " stands. In a group, mention me or send /ask with your question.",
)


def phrases(language: str) -> Phrases:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
