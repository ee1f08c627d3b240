"""Variants of a network: readings of one paper's method, such as as-run and as-described."""

from collections.abc import Sequence


def check_variant(variant: str, known: Sequence[str]) -> None:
    """Refuse a variant that a network does not have.

    Raises:
        ValueError: the variant is not among the known ones
    """
    if variant not in known:
        names = f"{', '.join(known[:-1])} or {known[-1]}"
        raise ValueError(
            f"variant={variant}: no such variant; expected {names}. Choose one of them."
        )
