"""The ledger: what the papers print, what our full runs predicted, and what follows from the two.

``published`` and ``recorded`` read the two folders under ``book/ledger``; ``scores`` computes values and intervals, ``verdicts``
decides, ``entries`` joins them, ``claims`` holds each paper's checkable statements. Nothing here is typed by hand.
"""
