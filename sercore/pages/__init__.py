"""What pages say by themselves: ``headline`` of chapter 1, ``parry`` of 2, ``loopq`` of 3, ``readme`` of all, ``fragments`` anew.

Chapter 1 imports its headline alone, so that a new fragment executes no chapter again.
"""

from sercore.papers.alves2022.page import (
    headline,
    protocols,
    question,
    submitted,
    substituted,
    three_ways,
)

__all__ = ["headline", "protocols", "question", "submitted", "substituted", "three_ways"]
