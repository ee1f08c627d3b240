"""The 26 configurations of paper 01 (Alves et al. 2022, Tables 2 to 4), and what a row's name says."""

import re
from dataclasses import dataclass

# Every configuration of Tables 2 to 4, by its printed name.
TABLES = {
    "Table 2": (
        "(1) Seq. wav2vec - SMOTE + CG",
        "(2) Seq. all prosodic + SMOTE - CG",
        "(3) Seq. all prosodic + SMOTE + CG",
        "(4) Seq. all prosodic and wav2vec + SMOTE - CG",
        "(5) Seq. wav2vec + SMOTE - CG",
        "(6) Seq. wav2vec + SMOTE + CG",
        "(7) Seq. all prosodic and wav2vec + SMOTE + CG",
    ),
    "Table 3": (
        "(1) Multi-task wav2vec - SMOTE + CG",
        "(2) Multi-task all prosodic + SMOTE + CG",
        "(3) Multi-task all prosodic + SMOTE - CG",
        "(4) Multi-task wav2vec + SMOTE - CG",
        "(5) Multi-task wav2vec + SMOTE + CG",
        "(6) Multi-task all prosodic and wav2vec + SMOTE + CG",
        "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
    ),
    "Table 4": (
        "(1) Seq. 8 prosodic - SMOTE + CG",
        "(2) Seq. 8 prosodic + SMOTE + CG",
        "(3) Seq. 19 prosodic + SMOTE - CG",
        "(4) Seq. 8 prosodic + SMOTE - CG",
        "(5) Seq. 19 prosodic + SMOTE + CG",
        "(6) Multi-task 8 prosodic - SMOTE + CG",
        "(7) Multi-task 8 prosodic + SMOTE - CG",
        "(8) Multi-task 19 prosodic + SMOTE - CG",
        "(9) Multi-task 8 prosodic + SMOTE + CG",
        "(10) Multi-task 19 prosodic + SMOTE + CG",
        "(11) Multi-task 10 prosodic + SMOTE + CG",
        "(12) Multi-task 29 prosodic + SMOTE + CG",
    ),
}
ROWS = tuple(row for rows in TABLES.values() for row in rows)

ROW = re.compile(
    r"\(\d+\) (?P<network>Seq\.|Multi-task) (?P<features>.+) (?P<smote>[+-]) SMOTE (?P<copies>[+-]) CG"
)
NETWORKS = {"Seq.": "sequential", "Multi-task": "multi-task"}
# Prosodic subset, by its size, and whether the embedding is joined, by what a row's name says.
FEATURES = {
    "wav2vec": ("", True),
    "all prosodic": ("56", False),
    "all prosodic and wav2vec": ("56", True),
    **{f"{size} prosodic": (size, False) for size in ("8", "10", "19", "29")},
}
# The rows whose networks were submitted to the challenge, in that order (sections 3.1 to 3.4).
SELECTED = (
    "(7) Seq. all prosodic and wav2vec + SMOTE + CG",
    "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
    "(12) Multi-task 29 prosodic + SMOTE + CG",
)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a row's name says: network, features, balancing.

    Args:
        network: "multi-task" or "sequential".
        subset: which of the prosodic subsets, by its size; empty for none.
        embedding: whether a speech encoder's embedding is read.
        smote: minority classes raised by SMOTE.
        copies: gender-changed copies joined.
    """

    network: str
    subset: str
    embedding: bool
    smote: bool
    copies: bool

    @classmethod
    def of(cls, row: str) -> "Configuration":
        """Read a printed row name.

        Raises:
            ValueError: a name that is no configuration.
        """
        found = ROW.fullmatch(row)
        if not found or found["features"] not in FEATURES:
            example = "(3) Multi-task all prosodic + SMOTE - CG"
            raise ValueError(
                f"row {row!r}: not a configuration of Tables 2 to 4; expected a name such as {example!r}"
            )
        subset, embedding = FEATURES[found["features"]]
        return cls(
            network=NETWORKS[found["network"]],
            subset=subset,
            embedding=embedding,
            smote=found["smote"] == "+",
            copies=found["copies"] == "+",
        )
