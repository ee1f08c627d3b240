"""The verdict rule, line by line."""

import re

import pytest

from sercore.ledger.verdicts import Run, decide, measured


def run(protocol="as-published", variant="as-run", value=0.80, low=0.78, high=0.82, seeds=5, groups=80, substitute="") -> Run:
    return Run(
        variant=variant, protocol=protocol, value=value, low=low, high=high, seeds=seeds, groups=groups, substitute=substitute
    )


CLEAN = run("clean", value=0.45, low=0.40, high=0.50)
AGREEING = run("clean", value=0.79, low=0.75, high=0.83)


@pytest.mark.parametrize(
    ("runs", "more", "verdict", "reason"),
    [
        ([], {}, "not run", "no run"),
        ([run(substitute="MLS in place of CETUC")], {}, "substituted", "MLS in place of CETUC"),
        ([CLEAN], {}, "substituted", "clean protocol only"),
        ([run(seeds=4)], {}, "inconclusive", "4 seeds; a prediction interval needs 5"),
        ([run()], {"difference": 0.02}, "inconclusive", "wider than 0.02"),
        ([run()], {"difference": 0.05}, "reproduced", "lies in the prediction interval"),
        ([run(low=0.82, high=0.84, value=0.83)], {}, "not reproduced", r"nearest is as-run, off by \+0.03"),
        ([run(low=0.82, high=0.84), run(variant="as-described")], {}, "reproduced", "lies in"),
        ([run(), run("clean", groups=4)], {}, "inconclusive", "fewer than 5 recordings"),
        ([run(), CLEAN], {}, "explained", r"clean: 0.45 \[0.4, 0.5\]"),
        ([run()], {"fault": "labels joined by row"}, "explained", "only by a fault: labels joined by row"),
        ([run(), run(variant="as-described")], {"fault": "labels joined by row"}, "reproduced", "lies in"),
        ([run(), AGREEING], {}, "reproduced", "lies in"),
        ([run()], {}, "reproduced", "lies in"),
        ([run(), run("clean", "as-described", 0.45, 0.40, 0.50)], {}, "reproduced", "lies in"),
        ([run(), run(substitute="MLS"), CLEAN], {}, "explained", "only under the published protocol"),
    ],
)
def test_each_line_of_the_rule(runs, more, verdict, reason):
    found, why = decide(0.80, runs, **more)
    assert found == verdict
    assert re.search(reason, why)


@pytest.mark.parametrize(("printed", "value", "reason"), [(625, 625, "agrees"), (50, 39.38, "differs"), (50, 50.4, "agrees")])
def test_a_measured_number_agrees_within_its_rounding(printed, value, reason):
    verdict, why = measured(printed, value, places=0)
    assert verdict == "measured"
    assert why.startswith(reason)
