"""The ledger: what the papers print, what our full runs predicted, and what follows from the two.

``paper`` and ``recorded`` read the two folders under ``book/ledger``; values and intervals are
`sercore.evaluation.estimates`'; ``entries`` joins them and decides, ``claims`` judges each paper's
checkable statements. Nothing here is typed by hand.
"""
