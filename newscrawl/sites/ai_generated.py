"""Tells a text that says of itself that it was made by AI."""

from __future__ import annotations

import re

_THIS_TEXT = "本文"
"""Every such sentence has it: looking for it takes no time."""
_SENTENCE = re.compile(
    r"本文(?:内容)?\s?(?:系|由|是由|基于|使用|利用|借助|通过)\s?(?:AI|人工智能|大模型)"
    r"(?:工具|技术|大模型|模型|算法)?\s?(?:自动|辅助)?(?:生产|生成|撰写|创作|写作)"
)


def says_ai_generated(text: str) -> bool:
    """Whether *text* says so, 本文基于AI生产; one about texts that AI writes does not."""
    return _THIS_TEXT in text and _SENTENCE.search(text) is not None
