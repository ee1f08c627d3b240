"""What is said of a saved model of paper 02: scores from counts by hand, limits that follow from them."""

import pytest

from sercore.papers.parry2022 import card as parry_card


def test_scores_by_hand():
    counts = [
        ["lab/f1", 0, 0, 3],
        ["lab/f1", 0, 2, 1],
        ["lab/m1", 1, 2, 40],
        ["lab/m1", 2, 2, 20],
        ["radio/x", 0, 0, 1],
        ["radio/x", 2, 0, 3],
        ["radio without surprise/x", 2, 0, 3],
    ]
    found = parry_card.scores(counts, ("positive", "neutral", "negative"), unseen=["radio"])
    own, away = found["speaker_independent"], found["unseen"]["radio"]
    assert (own["ua"], own["accuracy"]) == (pytest.approx(1.75 / 3), 23 / 64)
    assert (own["recall"], own["collapsed"]) == (
        {"positive": 0.75, "neutral": 0.0, "negative": 1.0},
        ["neutral"],
    )
    assert (own["clips"], own["speakers"], own["corpora"]) == (64, 2, ["lab"])
    assert (away["ua"], away["recall"]) == (
        0.5,
        {"positive": 1.0, "neutral": None, "negative": 0.0},
    )
    assert (away["without_surprise"]["ua"], away["without_surprise"]["corpora"]) == (0.0, ["radio"])
    assert away["collapsed"] == ["negative"]


@pytest.mark.parametrize(
    ("away", "told"),
    [
        ({}, "No corpus was kept apart: what it finds in recordings from elsewhere is not known."),
        (
            {"radio": 0.2, "air": 0.9},
            "On radio, which training never met, it does worse than in domain",
        ),
        (
            {"radio": 0.8, "air": 0.9},
            "On radio and air, which training never met, it does no worse than in domain",
        ),
    ],
)
def test_limits_follow_the_scores(away, told):
    heard = {
        "edition": "open",
        "clips": 9,
        "speakers": 3,
        "languages": ["en"],
        "emotions": {"positive": ["happiness"]},
    }
    score = {
        "ua": 0.5,
        "collapsed": ["neutral"],
        "clips": 4,
        "speakers": 1,
        "recall": {"positive": 0.5},
    }
    unseen = {name: score | {"ua": ua, "collapsed": []} for name, ua in away.items()}
    rest = {
        "training": heard,
        "classes": ["positive"],
        "input": {"seconds": 15.0},
        "recipe": {"size": "published"},
    }
    found = parry_card.limits(rest | {"speaker_independent": score, "unseen": unseen})
    assert found[0] == "Trained on acted speech, 9 clips by 3 speakers, in en."
    assert found[4].startswith(told)
    assert found[5] == "In its own corpora it finds neutral less than one time in twenty."
    assert not any("less than one time" in each or "demo" in each for each in found[6:])
