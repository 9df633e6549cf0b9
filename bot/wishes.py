"""Whether a plain sentence asks to forget what its writer has said, by rules that rather miss a wish.

It is one only as a whole: with a question behind it, it is a question.
"""

import re

_LONGEST = 80  # characters
_SPACE = re.compile(r"\s+")

_ZH_LEAD = r"(?:(?:好的?|嗯+|那么?|算了|现在|助教|你好)[，,、 ]*)*"
_ZH_PLEASE = r"(?:请|麻烦|拜托|帮忙|帮我|可以|能不能|能|你|您|把|将|给我| )*"
_ZH_ALL = r"(?:那些|这些|所有的?|一切|全部的?|任何)*"
_ZH_WHEN = r"(?:在?(?:之前|以前|前面|刚才|刚刚|方才|上面|上次|昨天|今天|一开始|曾经|都|所)){0,2}"
_ZH_SAID = r"(?:跟你|和你|对你|向你)?(?:说|讲|提|聊|发|问|透露|告诉)(?:过|到|了)?(?:你|您)?(?:过|了)?的"
# What was said may be about anything, but a question it is not.
_ZH_ABOUT = r"(?:(?!怎|什么|哪|多少|几|谁|吗|呢|如何|是|报错|命令)[^，。,.;；？?！!\s]){0,12}"
_ZH_WORDS = r"(?:话|东西|内容|信息|情况|事情?|消息|资料|数据|记录|一切)?"
_ZH_RECORDS = r"(?:个人|聊天|对话|全部|所有|的)*(?:信息|资料|数据|隐私|情况|记录|消息|历史|对话|聊天|记忆)"
_ZH_MACHINE = (
    r"(?:环境|配置|系统|设备|机器|电脑|显卡|显存|型号|版本|名字|姓名|昵称|学号|uid|邮箱|偏好|身份|专业|学校)"
)
_ZH_TALK = rf"(?:我们?)?{_ZH_WHEN}的?(?:全部|所有)?(?:对话|聊天|谈话)(?:记录|内容|历史)?"
_ZH_OWN = rf"(?:你(?:记住|记得|记着|知道|保存|记录)的?)?(?:关于|有关)?我的?{_ZH_ALL}的?"
_ZH_TOLD = rf"{_ZH_ALL}(?:关于)?我{_ZH_WHEN}{_ZH_SAID}(?:关于)?(?:我的)?{_ZH_ALL}的?"

_ZH_FORGET = r"(?:忘掉|忘记掉?|忘了|忘却|忘|不要再?记[住着得]?|别再?记[住着得])"
_ZH_ERASE = r"(?:删掉|删除掉?|删了|清除掉?|清掉|清空|抹掉|抹去|擦掉|移除)"
_ZH_FORGET_WHAT = rf"(?:{_ZH_TOLD}{_ZH_ABOUT}|{_ZH_OWN}(?:{_ZH_RECORDS}|{_ZH_MACHINE}|一切)|{_ZH_TALK}|我)"
_ZH_ERASE_WHAT = rf"(?:{_ZH_TOLD}{_ZH_WORDS}|{_ZH_OWN}(?:{_ZH_RECORDS}|一切)|{_ZH_TALK})"
_ZH_FULLY = r"(?:都|全都?|全部|统统|通通|也|给我|请|你|[，,] ?| )*"
_ZH_TAIL = r"(?:吧|呗|了|哦|啊|吗|好吗|好不好|可以吗|行吗|行不行|谢谢你?|[，, ])*[。.！!～~？?]*"

_EN_LEAD = r"(?:(?:ok(?:ay)?|well|now|so|then|hey|hi|hello|actually|alright|all right)[,.! ]+)*"
_EN_PLEASE = (
    r"(?:(?:please|pls|kindly|(?:can|could|would|will) you|(?:you )?(?:can|may|should)|just|i want you to"
    r"|i'd like you to|i would like you to)[, ]+)*"
)
_EN_TOLD = (
    r"(?:(?:all|everything|anything) ?)?(?:of )?(?:what|that|the things|things)? ?(?:that )?i(?:'ve| have)? ?"
    r"(?:just |previously |already |earlier )?(?:told|said|shared|mentioned|wrote)(?: to| with)?(?: you)?"
    r"(?: (?:just now|earlier|before|so far|previously|today|yesterday))?"
    r"(?: about (?:me|myself|us|my(?: [\w-]+){1,3}))?"
)
_EN_RECORDS = (
    r"(?:all |all of )?my (?:personal |chat )?"
    r"(?:data|info|information|details|messages|history|conversations?|chats|records)"
    r"|(?:our|this|the) (?:whole |entire )?(?:conversation|chat)(?: history)?"
    r"|(?:everything |all |anything |what )?(?:that )?you(?:'ve)? (?:have )?"
    r"(?:know|remember|have|saved|stored|learned)(?: about| of| on) me|(?:everything|all|anything) about me"
)
_EN_MACHINE = (
    r"(?:about )?my (?:machine|computer|laptop|pc|gpu|graphics card|environment|setup|system|os|name|uid"
    r"|email|preferences)"
)
_EN_TAIL = r"(?:[, ]*(?:please|thanks|thank you|now|completely|entirely|again|for good|ok|okay))*[.!?~ ]*"

_WISHES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_ZH_LEAD}{_ZH_PLEASE}{_ZH_FORGET}{_ZH_FORGET_WHAT}{_ZH_TAIL}",
        rf"{_ZH_LEAD}{_ZH_PLEASE}{_ZH_ERASE}{_ZH_ERASE_WHAT}{_ZH_TAIL}",
        # Without 把 or 请 before the verb the writer may tell that they have forgotten it themself.
        rf"{_ZH_LEAD}(?:请|麻烦|帮我|你| )*[把将]{_ZH_FORGET_WHAT}{_ZH_FULLY}{_ZH_FORGET}{_ZH_TAIL}",
        rf"{_ZH_LEAD}{_ZH_FORGET_WHAT}{_ZH_FULLY}(?:请{_ZH_FORGET}|忘掉|忘了吧|忘记吧){_ZH_TAIL}",
        rf"{_ZH_LEAD}{_ZH_PLEASE}{_ZH_ERASE_WHAT}{_ZH_FULLY}{_ZH_ERASE}{_ZH_TAIL}",
        rf"{_EN_LEAD}{_EN_PLEASE}forget (?:{_EN_TOLD}|{_EN_RECORDS}|{_EN_MACHINE}|(?:about )?me){_EN_TAIL}",
        rf"{_EN_LEAD}{_EN_PLEASE}(?:delete|erase|remove|wipe|clear) (?:{_EN_TOLD}|{_EN_RECORDS}){_EN_TAIL}",
    )
)


def asks_to_forget(text: str) -> bool:
    """Whether this asks to forget what its writer said, or what is known of them."""
    line = _SPACE.sub(" ", text.replace("’", "'")).strip().lower()
    return len(line) <= _LONGEST and any(wish.fullmatch(line) for wish in _WISHES)
