"""The grid of paper 02: 45 models with attributes and one without, the readings and switches beside them, the recipes tried."""

from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.rows import Recipe, Row

APPROACHES = ("MTL", "GR", "AD")
BASELINE = Row(approach="baseline")
GRID = (
    BASELINE,
    *(Row(approach=approach, attributes=name) for approach in APPROACHES for name in SUBSETS),
)
CURVE = tuple(Row(approach="GR", attributes="C", alpha=alpha) for alpha in (0.0, 0.1, 0.25, 0.75))
LABELS = tuple(
    Row(approach=approach, attributes=attributes, **{label: other})
    for approach, attributes in (("baseline", "none"), ("GR", "C"))
    for label, other in (
        ("surprise", "left out"),
        ("surprise", "negative"),
        ("calm", "left out"),
        ("calm", "positive"),
    )
)
READINGS = tuple(
    Row(approach="AD", attributes="C", variant=variant)
    for variant in ("fixed", "on-representation")
)
# By what `-p models=…` takes: the tables, discriminators in other readings, one curve over alpha, other classes.
GROUPS = {"grid": GRID, "readings": READINGS, "alpha": CURVE, "labels": LABELS}
ROWS = {row.name: row for rows in GROUPS.values() for row in rows}
DEMO = (
    BASELINE,
    *(
        Row(approach=approach, attributes=name)
        for approach in APPROACHES
        for name in ("C", "C+S+G+L")
    ),
)
# Candidates for the recipe: initial weights by rate by batch, the paper's rate among them.
CANDIDATES = (
    Recipe(),
    Recipe(initialisation="default"),
    Recipe(batch=32),
    Recipe(batch=32, rate=0.02),
    Recipe(rate=0.005),
    Recipe(rate=0.01),
)


# The published network's, the candidate of the highest validation UA, and the demo's, of a narrower network and fewer clips.
RECIPES = {"published": Recipe(rate=0.005), "demo": Recipe(rate=0.02)}
