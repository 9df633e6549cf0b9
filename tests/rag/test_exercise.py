"""Exercises in a message: which are solved by rules alone, and that nothing else is taken for one."""

import time

import pytest

from rag.exercise import solved


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("已知 2x+3=10，求 x", "**x = 3.5 (7/2)**"),
        ("已知2x+3=10,求x的值", "**x = 3.5 (7/2)**"),
        ("solve 2x+3=10 for x", "**x = 3.5 (7/2)**"),
        ("如果 2x + 3 = 10，那么 x 等于多少？", "**x = 3.5 (7/2)**"),
        ("2x + 3 = 10, x = ?", "**x = 3.5 (7/2)**"),
        ("$2x+3=10$ 求 x", "**x = 3.5 (7/2)**"),
        ("2x+3=10", "**x = 3.5 (7/2)**"),
        ("解方程：x²-5x+6=0", "**x = 2** 或 **x = 3**"),
        ("x的平方加2x等于8，求x", "**x = -4** 或 **x = 2**"),
        ("find x: 4x^2 = 9", "**x = -1.5 (-3/2)** or **x = 1.5 (3/2)**"),
        ("If 3x - 7 = 11, what is x?", "**x = 6**"),
        ("助教你好，请问 3x-7=2(x+4) 怎么解", "**x = 15**"),
        ("解方程组 x+y=3，x-y=1", "**x = 2，y = 1**"),
        ("solve the system x+y=10 and x-y=2", "**x = 6, y = 4**"),
        ("已知 x=3，求 2x+1 的值", "**2x + 1 = 7**"),
        ("a+2=5，求a", "**a = 3**"),
        ("求解 x^2+x+1=0", "**没有实数解。**"),
        ("solve 2x = x+x", "**Every real number is a solution: both sides are always equal.**"),
    ],
)
def test_equations_are_solved(question: str, head: str) -> None:
    assert solved(question).splitlines()[0] == head


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("2+3*4", "**2 + 3 × 4 = 14**"),
        ("What is 12*(3+4)?", "**12 × (3 + 4) = 84**"),
        ("帮我算一下 3.14×2.5²", "**3.14 × 2.5^2 = 19.625**"),
        ("1024*1024*1024 等于多少", "**1024 × 1024 × 1024 = 1073741824**"),
        ("7*10^9*2/1024^3 等于多少", "**7 × 10^9 × 2 / 1024^3 ≈ 13.03851604**"),
        ("2的10次方是多少", "**2^10 = 1024**"),
        ("根号16加3是多少", "**sqrt(16) + 3 = 7**"),
        ("what's 15% of 80", "**15% × 80 = 12**"),
        ("80的15%是多少", "**80 × 15% = 12**"),
        ("3x4等于多少", "**3 × 4 = 12**"),
        ("1,000,000*2/1024 = ?", "**1000000 × 2 / 1024 = 1953.125**"),
        ("1/3+1/6=", "**1 / 3 + 1 / 6 = 0.5**"),
        ("10/4 是多少", "**10 / 4 = 2.5**"),
        ("100除以7是多少", "**100 / 7 = 100/7 ≈ 14.28571429**"),
        ("5加3乘2等于几", "**5 + 3 × 2 = 11**"),
        ("计算：5e-5*4", "**5e-5 × 4 = 0.0002**"),
    ],
)
def test_calculations_are_worked_out(question: str, answer: str) -> None:
    assert solved(question) == answer


def test_an_answer_shows_its_steps_in_the_language_of_the_question() -> None:
    assert solved("已知 2x+3=10，求 x").splitlines()[2:] == [
        "- 方程：2x + 3 = 10",
        "- 整理：2x = 7",
        "- 检验：x = 3.5 时，2x + 3 = 10",
    ]
    assert solved("solve 2x+3=10 for x").splitlines()[-1] == "- Check: x = 3.5 gives 2x + 3 = 10"
    assert "Check" in solved("2x+3=10", "en")


NO_EXERCISES = """\
怎么安装 xtuner
lr=2e-5
lr = 2e-5
batch_size=4*2 报错
batch_size = 4 * 2
x = 3
y = 2*x + 1
y=wx+b
x = x + 1
i += 1
i+1=2
a=b
a+b=c
E=mc^2
x==1
n = 10/2
k=5
b = 8, c = 2
x=3, y=4
import torch; x = 1
2x3090 够吗
3090*2
4090*8
3090x2
2*3090
8*A100
8卡 A100 80G*8 够不够
24G*2
16G+512G
7B
1.8B*2
7b+20b
L1
L1/L2
L2+L3
第 3+4 课
第1-2节
1-2
3/4
10/24
2-1
2024-05-01
2024-5-1
2024/5/1
2024.11.22
5月1日
12:30
7860:7860
ssh -CNg -L 7860:127.0.0.1:7860
127.0.0.1
192.168.1.1/24
010-62781234
+86 138 0000 0000
138-0000-0000
python 3.10
python==3.10
torch==2.1.2+cu121
2.1.0+cu118
cuda 11.8+
transformers>=4.36
pip install xtuner==0.1.23
0.4.0.post1
v1.0-2
internlm2_5-7b-chat
internlm2-chat-1_8b
W4A16
W8A8 和 W4A16 哪个好
fp16
int4
1
+1
1.
666
233
(1)
(1)(2)
[1][2]
5%
100%
90%+
top_p=0.8
temperature=0.7
max_length=2048*2
--tp 2
-1
--cache-max-entry-count 0.4
CUDA_VISIBLE_DEVICES=0,1
export A=1
print(1+1)
print(2*3) 输出什么
for i in range(10): x=i*2
loss=0.5+0.3 正常吗
x.shape=(3,4)
512*512
1920*1080
1920x1080
224x224
3x3
3x3 卷积
7x24
0x10
0x10 等于多少
1e-5
10%-20%
3-5 天
第一关 2+1 道题
C++ 11
C++
c=1
https://example.org/a=1+2
`1+1`
$HOME/1+1
1+1=2
1+1=3 对吗
x>3
x^2 怎么写成 latex
x^2+1
sqrt(x)
f(x)=x^2
loss=nan
acc=0.98
2x 加速
x+y=3
x
求 x
求助
方程
解
等于多少
什么时候 3.0 发布
20B 模型要多少显存
7B 模型用 fp16 要几个 G
1+x
9**9**9 等于多少
1/0 是多少
""".splitlines()


@pytest.mark.parametrize("question", NO_EXERCISES)
def test_nothing_else_is_taken_for_an_exercise(question: str) -> None:
    assert solved(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        " " * 290 + "1+1",
        "²" * 290 + "1",
        "(" * 200,
        "1+" * 149 + "1",
        "=?" * 140 + "1",
        "解" * 299 + "1",
        "(x+1)" * 40 + "=1 求 x",
        "求 x: " + "abs(" * 20 + "x-1" + ")-1" * 20 + "=3",
        "x+y+z+a+b+c+d=1," * 15,
        "1" * 100_000,
    ],
)
def test_a_message_that_is_made_to_take_long_does_not(question: str) -> None:
    begun = time.perf_counter()
    solved(question)
    assert time.perf_counter() - begun < 1
