"""What the pages say by themselves: ``headline`` for the prose, ``fragments`` for all that is written when the book is rendered.

A chapter imports the headline alone, so that a new fragment executes no chapter again.
"""

from sercore.pages.headline import MARKS, README, headline, question, readme, submitted, substituted, three_ways

__all__ = ["MARKS", "README", "headline", "question", "readme", "submitted", "substituted", "three_ways"]
