"""What a page shows as a table: ``common`` for every chapter, ``networks`` for two; ``ser2022``, ``parry*``, ``loopq*`` for one."""

from sercore.tables.common import (
    DIGITS,
    PROTOCOLS,
    agreement,
    beside_the_paper,
    claims,
    contradicted,
    controls,
    html,
    measured,
    parameter_counts,
    parameters,
    provenance,
    shown,
    tally,
    this_run,
    verified,
)

__all__ = [
    "DIGITS",
    "PROTOCOLS",
    "agreement",
    "beside_the_paper",
    "claims",
    "contradicted",
    "controls",
    "html",
    "measured",
    "parameter_counts",
    "parameters",
    "provenance",
    "shown",
    "tally",
    "this_run",
    "verified",
]
