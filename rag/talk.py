"""What kind of talk a group message is, told by what is typical of it in Chinese and English."""

import re
from enum import Enum

# Links, mentions, and what stands for a picture or a smiley: [图片].
_WORDLESS = re.compile(r"https?://\S+|www\.\S+|(?<!\S)@\S+|\[[^\[\]\n]{1,8}\]")


class Talk(Enum):
    """A kind of talk and the pattern of it in normalised text; a message may be of several kinds or none."""

    ASKING = (
        r"\?|吗|呢|么|啥|咋|怎|如何|为何|是否|哪|谁|几[个种次步条张行]|多[少大久长]|([能会要可用是有行对])不\1"
        r"|[能可]否|有没|没有?\s*$|请问|求[助教解]|请教|想问|问一?下"
        r"|^(who|when|can|could|does|do|did|is|are|should|any|has|have|will|would)\b"
        r"|\b(what|why|which|where|how)\b"
    )
    FAILING = (
        r"报错|错误|异常|失败|不[了上到出]|没反应|没有反应|卡[住死在]|崩|溢出|爆显?存"
        r"|\b(\w*error|exception|traceback|fail(s|ed|ure)?|cannot|can't|unable|not found|no module|warning"
        r"|invalid|undefined|missing|crash\w*|stuck|killed|denied|refused|timed? ?out|oom)\b"
    )
    SOCIAL = (
        r"哈哈|hhh|呵呵|嘿嘿|嘻嘻|笑死|23{2,}|6{3,}|厉害|恭喜|加油|辛苦|感[谢恩]|谢[谢啦了]|多谢|早[啊安上]|晚安"
        r"|[晚中下]午?好|快乐|收到|好的|明白了|懂了|知道了|解决了|搞定|可以了|撤回|打卡"
        r"|\b(thanks?|thx|ty|lol|(ha){2,}|nice|great|cool|congrats|good (morning|night)|solved)\b"
    )
    SELLING = (
        r"私[聊信]|加[v微]|微信号|扫码|红包|优惠|[低特]价|折扣|免费[领送]|领取|抽奖|转发|代[写做考刷购理]|出[租售]"
        r"|转[让卖]|合租|拼[车单]|二手|内推|招聘|诚聘|兼职|猎头|包[过会邮]|\d\s?[元块¥]|¥"
        r"|\b([dp]m me|discount|cheap|promo\w*|sale|giveaway|subscribe|hiring)\b"
    )
    TO_SOMEBODY = (
        r"(?<!\S)@\w|^(老师|[哥姐兄]|兄弟|[组班]长|班主任|助教|管理员|群主)"
        r"|[你您]们?[组的俩那群家发]|[他她]说|我觉得|小组|你们"
    )
    ERRAND = (
        r"([帮给替]我|帮忙|麻烦).{0,12}[改换批合审发看加拉查退]"
        r"|审批|[换分退]班|退[费课]|名额|拉我"
    )

    def heard(self, text: str) -> bool:
        """Whether there is anything of it in a normalised text."""
        return bool(re.search(self.value, text))


def spoken(text: str) -> str:
    """The text without links, mentions and smileys."""
    return _WORDLESS.sub(" ", text)
