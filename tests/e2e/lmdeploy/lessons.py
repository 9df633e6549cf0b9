"""What the tiny model knows: ends of prompts, and what it answers to them; STOCK to all others."""

STOCK = "请照资料先装好环境，再执行命令 [1]。"
ENDLESS, AGAIN = "一直说下去", "好" * 12
EQUATION = "已知 2x+3=10，求 x"
CALL = '<tool_call>\n{"name": "solve_equation", "arguments": {"equations": "2x+3=10"}}\n</tool_call>'
SOLVED = "解得 x = 3.5。"

# What a message ends with, and how the bot's own prompts go on.
ASKED = "\n</question>\n\n请用中文回答。"
KNOWN = {
    "你好": "你好，我是助教。",
    EQUATION: CALL,
    f"</passages>\n\n<question>\n{EQUATION}{ASKED}": CALL,
    f"{CALL}<|im_end|>\n<|im_start|>user\n<tool_response>\nx = 3.5 (7/2)\n</tool_response>": SOLVED,
}
