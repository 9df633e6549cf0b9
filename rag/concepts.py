"""What a course's questions are about and how they ask, by one name in Chinese and English."""

import re

from rag.tokens import normalised

# A name, and after it the words and phrases for it; `\s` is a blank within one.
_NAMES = r"""
when: 什么时候 几号 哪天 几点 何时 多久 时间 日期 when deadline due date time 截止 最晚 ddl
where: 哪里 哪儿 在哪 到哪 去哪 哪个网站 地址 链接 入口 where link address
much: 多少 多大 几个 几张 多长 how\smuch how\smany how\slong how\sbig length size 最多
differ: 区别 不同 差别 对比 比较 difference differ versus vs compare
what: 是什么 什么是 什么意思 指什么 原理 概念 what\sis what\sare what\sdoes meaning explain
homework: 作业 homework assignment 关卡任务
submit: 提交 上交 交到 交哪 交作业 hand\sin submit turn\sin
late: 补交 晚交 迟交 逾期 错过 延期 late missed extension
certificate: 证书 结营证 certificate
apply: 申请 报名 领取 领 apply get\smy sign\sup register
machine: 开发机 算力平台 云主机 dev\s?machine cloud\smachine
queue: 排队 等待中 queue queued waiting
disk: 磁盘 硬盘 disk no\sspace\sleft 空间不足 空间不够 storage
full: 满了 不足 不够 full exceeded no\sspace
connect: 连接 连不上 连上 连 接入 接到 connect connecting
forward: 端口转发 端口映射 转发 映射 port\sforward\w* forward
port: 端口 port
key: 密钥 秘钥 公钥 ssh\skey
password: 密码 免密 password passwordless
create: 创建 新建 建立 建 create make\sa new
environment: 环境 env environment
install: 安装 装 install installing installation
download: 下载 下 download
mirror: 换源 镜像 清华源 国内源 mirror
slow: 慢 卡 slow
push: 推送 push
reject: 拒绝 被拒 rejected refused
pull: 合并请求 拉取请求 pull\srequest pr
deploy: 部署 起服务 起一个服务 deploy serve
server: 服务 api_server api server
quantize: 量化 4bit 4\sbit w4a16 awq quanti[sz]e quanti[sz]ation quanti[sz]ed
memory: 显存 vram gpu\smemory
oom: oom out\sof\smemory 爆显存 显存爆 爆了 显存不够 显存不足 显存溢出
finetune: 微调 finetun\w+ fine-tun\w+ sft
train: 训练 train training
data: 数据集 数据 语料 dataset data
format: 格式 format json jsonl
convert: 转换 转成 转为 转 convert
merge: 合并 merge
weights: 权重 参数文件 weights checkpoint ckpt pth adapter
evaluate: 评测 测评 评估 evaluate evaluation benchmark
custom: 自定义 自己的 custom own
tool: 工具 插件 tool tools plugin
prompt: 提示词 prompt prompts
vector: 向量库 向量数据库 vector\sstore vector\sdatabase chroma faiss
rag: rag 检索增强生成 检索增强 retrieval\saugmented\sgeneration
huixiangdou: 茴香豆 huixiangdou
wechat: 微信 wechat weixin
feishu: 飞书 feishu lark
context: 上下文 context
identity: 自我认知 认知 名字 叫什么 identity cognition
recording: 回放 录播 录像 录屏 recording recordings replay
lecture: 直播 课程 上课 讲座 lecture lectures class
group: 群 群聊 group
team: 组队 小组 队友 team project 大作业 项目
resume: 断点 续训 接着训 中断 resume
background: 后台 关掉终端 tmux nohup screen background close\sthe\sterminal
error: 报错 错误 失败 异常 error failed fails failure
see: 查看 怎么看 看 see show check
cannot: 打不开 无法访问 无法 不能 cannot can't unable not\sopen
version: 版本 version
slides: 课件 ppt 幻灯片 讲义 slides
score: 成绩 分数 得分 评分 score grade grades
credits: 算力点 算力 额度 compute credits
upload: 上传 传到 传文件 拷到 upload copy scp
delete: 删除 删掉 卸载 移除 remove delete uninstall
undo: 撤销 回退 撤回 恢复 undo revert rollback reset
clone: 克隆 clone
timeout: 超时 timeout times\sout timed\sout 太久 forever
hub: huggingface hugging\sface huggingface.co hf
modelscope: 魔搭 modelscope
template: 模板 template
backend: 引擎 后端 engine backend
call: 调用 请求 call calling invoke
card: 显卡 gpu gpus 张卡 card
several: 两张 多卡 双卡 tp two\sgpus several\sgpus multi-gpu
driver: 驱动 driver drivers
rate: 学习率 lr learning\srate
curve: 曲线 可视化 tensorboard curve
vision: 视觉 多模态 图文 看图 vision vlm multimodal
agent: 智能体 agent lagent
threshold: 阈值 门槛 threshold
search: 检索 搜索 搜 召回 search retrieve retrieval
split: 切分 分块 切块 chunk chunking split
windows: windows win10 win11
mac: mac macbook macos 苹果 m1 m2
missing: 找不到 没找到 not\sfound no\ssuch
stop: 关机 自动关 自动停 停了 shut\sdown stopped
quit: 退出 退课 退营 quit leave withdraw
code: 二维码 邀请码 qr\scode
schedule: 课表 课程安排 日程 schedule timetable
teacher: 讲师 老师 助教 teacher lecturer
free: 免费 收费 要钱 花钱 free cost price pay
rank: 优秀学员 评优 排名 rank ranking
kernel: kernel 内核
notebook: jupyter notebook
forget: 遗忘 变傻 复读 forgot forgets forgetting
browser: 浏览器 网页 页面 browser page demo
"""


def concepts(text: str) -> tuple[list[str], str]:
    """The concepts that a text names, and what it says besides, normalised."""
    plain = normalised(text)
    named = [match.lastgroup or "" for match in _CONCEPTS.finditer(plain)]
    return named, _CONCEPTS.sub(" ", plain)


def _line(line: str) -> str:
    name, _, forms = line.partition(": ")
    return f"(?P<{name}>{'|'.join(map(_form, sorted(forms.split(), key=len, reverse=True)))})"


def _form(form: str) -> str:
    return rf"(?<![a-z\d]){form}(?![a-z\d])" if form.isascii() else form


_CONCEPTS = re.compile("|".join(map(_line, _NAMES.strip().split("\n"))))
