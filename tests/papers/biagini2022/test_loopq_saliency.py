"""What is read off saliency maps: planted shares of emotions, trained and untrained, their marks and the words."""

import itertools

import numpy as np
import pytest
import torch

from sercore import papers
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import claims, figures, page, views
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import tables as chapter
from sercore.report import spectrograms
from sercore.sweep import Task
from tests.papers.biagini2022.loopq_runs import outcome, trials
from tests.report.legible import legible
from tests.table_cells import rows

VOICES = tuple(f"ravdess/{at:02d}" for at in range(8))
# What each emotion of the trained networks has more than the others: share of the high bands, correlation.
LIFTS = {"sadness": (-0.1, 0.0), "happy": (0.2, 0.0), "surprise": (0.0, 0.3)}


def explained(trial, voices, lifts, *, control: float) -> dict:
    """Maps in which untrained networks have ``control`` of what training lifts."""
    noise = np.random.default_rng(trial.start)
    salient, profiles = [], []
    for network, voice, name in itertools.product(("trained", "untrained"), voices, loopq.CLASSES):
        high, correlation = lifts.get(name, (0.0, 0.0))
        scale = 1.0 if network == "trained" else control
        high, correlation = 0.3 + scale * high + noise.normal(0, 0.01), scale * correlation
        shares = [(1 - high) / 2, (1 - high) / 2, high]
        salient.append([network, voice, name, 4, *shares, correlation + noise.normal(0, 0.01)])
    for network, name in itertools.product(("trained", "untrained"), loopq.CLASSES):
        for band in range(128):
            profiles.append([network, "ravdess", name, 4, band, 1 / 128])
    return {"saliency": salient, "profiles": profiles, "accuracy": 0.5}


def book(*, seeds: int = 5, voices=VOICES, lifts=LIFTS, control: float = 0.0) -> Ledger:
    """Paper 03 with CNNLSTM fixed trained and explained on two folds of these speakers."""
    asked = {"only": "CNNLSTM fixed", "protocol": "speaker-independent", "folds": 2}
    given = trials(models="scratch", seeds=seeds, **asked)
    halves = [voices[: len(voices) // 2], voices[len(voices) // 2 :]]
    about = {"trials": given, "data": None, "corpora": ("ravdess",)}
    tasks = [
        Task(name="models", run=loopq.run, **about),
        Task(name="saliency", run=views.explain, **about),
    ]
    outcomes = [
        [outcome(trial, 10, speakers=halves[trial.fold]) for trial in given],
        [explained(trial, halves[trial.fold], lifts, control=control) for trial in given],
    ]
    return Ledger(papers.named(loopq.NAME), runs=recorded.of_this_run(tasks, outcomes))


def judged(ledger: Ledger) -> judging.Judgement:
    (claim,) = [claim for claim in claims.CLAIMS if claim.name == "B11"]
    return claim.judge(ledger)


def test_what_is_planted_is_found_in_each_emotion():
    found = page.salient(book(control=0.5))
    values = {name: [estimate.value for estimate in pair] for name, pair in found.items()}
    for name, lift in (("sadness", 0.1), ("happy", 0.2), ("surprise", 0.3)):
        others = [LIFTS[other] for other in LIFTS if other != name]
        place = 1 if name == "surprise" else 0
        sign = -1 if name == "sadness" else 1
        whole = lift - sign * sum(other[place] for other in others) / 6
        assert values[name] == pytest.approx([whole, whole / 2], abs=0.01)
    assert {estimate.groups for pair in found.values() for estimate in pair} == {8}
    assert {estimate.seeds for pair in found.values() for estimate in pair} == {5}


@pytest.mark.parametrize(
    ("about", "mark"),
    [
        ({}, "holds"),
        ({"control": 1.0}, "inconclusive"),  # the untrained networks show it as well
        ({"lifts": {**LIFTS, "happy": (-0.2, 0.0)}}, "fails"),
        ({"lifts": {"sadness": (-0.1, 0.0), "happy": (0.2, 0.0)}}, "inconclusive"),
        ({"seeds": 4}, "inconclusive"),
        ({"voices": VOICES[:5]}, "inconclusive"),
    ],
)
def test_the_claim_needs_every_emotion_and_more_than_an_untrained_network_shows(about, mark):
    found = judged(book(**about))
    assert (found.published, found.clean) == ("not run", mark)
    assert "change over frequency" in found.reason
    assert "MMFUSION, which is not trained here" in found.reason


def test_nothing_recorded_is_told():
    asked = {"only": "CNNLSTM fixed", "protocol": "speaker-independent"}
    given = trials(models="scratch", **asked)
    task = Task(name="models", run=loopq.run, trials=given, data=None, corpora=("ravdess",))
    outcomes = [[outcome(trial, 10) for trial in given]]
    ledger = Ledger(papers.named(loopq.NAME), runs=recorded.of_this_run([task], outcomes))
    assert page.salient(ledger) == {}
    assert judged(ledger).clean == "not run"
    assert "not recorded yet" in chapter.thirds(ledger).data


def test_a_speaker_without_a_right_clip_of_an_emotion_counts_for_nothing_there():
    """Planted: one speaker lacks happiness in all maps; the others' mean stands."""
    ledger = book()
    maps = ledger.recorded.parts["saliency"]
    is_lacking = (maps["group"] == VOICES[0]) & (maps["class"] == "happy")
    ledger.recorded.parts["saliency"] = maps[~is_lacking]
    before, after = (page.salient(one)["happy"][0] for one in (book(), ledger))
    assert after.value == pytest.approx(before.value, abs=0.005)
    assert after.groups == 8


def test_the_words_and_the_table_have_the_planted_numbers():
    ledger = book()
    numbers = page.quoted(ledger)
    found = page.salient(ledger)
    assert numbers["saliency_happy"] == found["happy"][0].value
    assert numbers["saliency_happy_over_untrained"] == found["happy"][1].value
    assert numbers["saliency_happy_mark"] == "holds"
    assert (numbers["saliency_seeds"], numbers["saliency_speakers"]) == (5, 8)
    cells = {row[0]: row[1:] for row in rows(chapter.thirds(ledger))}
    assert float(cells["happy"][3]) == pytest.approx(0.5, abs=0.01)
    assert float(cells["happy"][7]) == pytest.approx(0.3, abs=0.01)
    assert cells["surprise"][0] == str(4 * 8 * 5)


def test_the_figure_has_a_line_of_each_network():
    title, panels = figures.profiles_data(book(), book())
    assert title == "Real speech"
    assert list(panels) == sorted(loopq.CLASSES)
    assert panels["fear"]["trained"].shape == (10, 128)
    panels["fear"]["trained"] = torch.rand(10, 128, generator=torch.manual_seed(0)).numpy()
    figure = figures.profiles(panels)
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "fear"]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert lines["trained"] == pytest.approx(128 * panels["fear"]["trained"].mean(0))
    assert lines["untrained"] == pytest.approx(np.ones(128))
    legible(figure)
    with pytest.raises(
        ValueError, match=r"fear, trained: shares \(10, 40\); expected \(trainings, 128\)"
    ):
        spectrograms.profiles({"fear": {"trained": np.ones((10, 40))}}, shades={"trained": "C0"})
    with pytest.raises(ValueError, match="no panel; expected one a class"):
        spectrograms.profiles({}, shades={})
