"""Trials of paper 01 on the small corpus, and rows that differ in what they read."""

from sercore.papers.alves2022.trial import Trial

BOTH = "(2) Multi-task all prosodic + SMOTE + CG"
SMOTE = "(3) Multi-task all prosodic + SMOTE - CG"
MISJOINED = "(1) Seq. 8 prosodic - SMOTE + CG"
EMBEDDED = "(5) Seq. wav2vec + SMOTE - CG"


def trial(row=BOTH, variant="as-run", protocol="as-published", **more) -> Trial:
    return Trial(
        **{
            "row": row,
            "variant": variant,
            "protocol": protocol,
            "fold": 0,
            "seed": 0,
            "edition": "demo",
            "epochs": 3,
        }
        | more
    )
