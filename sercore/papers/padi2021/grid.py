"""The grid of paper 04: transfer x augmentation x pooling, and what is asked beside it."""

from itertools import product

from sercore.papers.padi2021.rows import Row

FULL = Row(transfer="frozen", augmentation="both")  # the paper's system
GRID = tuple(
    Row(transfer=transfer, augmentation=augmentation, pooling=pooling)
    for transfer, augmentation, pooling in product(
        ("none", "frozen"), ("none", "both"), ("flatten", "statistics")
    )
)
FINETUNED = tuple(
    Row(transfer="finetune", augmentation=augmentation) for augmentation in ("none", "both")
)
POOLING = tuple(Row(transfer=transfer, pooling="mean") for transfer in ("none", "frozen"))
POLICIES = tuple(Row(augmentation=policy) for policy in ("conservative", "aggressive"))
INPUTS = (
    Row(transfer="frozen", augmentation="both", norm="conversation"),
    Row(transfer="frozen", augmentation="both", vad="energy"),
    Row(transfer="frozen", augmentation="both", evaluate="300"),
)
PARTS = tuple(
    Row(transfer="frozen", augmentation="both", part=part) for part in ("improvised", "scripted")
)
# By what `-p models=…` takes.
GROUPS = {
    "grid": GRID,
    "finetune": FINETUNED,
    "pooling": POOLING,
    "policies": POLICIES,
    "inputs": INPUTS,
    "parts": PARTS,
}
ROWS = {row.name: row for rows in GROUPS.values() for row in rows}
# What the demo runs: nothing, statistics pooling, all three without and with transfer.
DEMO = tuple(row for row in GRID if row.cell in ("000", "001", "011", "111"))
