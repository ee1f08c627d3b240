"""The axis of difficulty: what each split changes, planted signatures of speakers, the fit by hand, and its ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning

from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import difficulty, page
from sercore.papers.biagini2022 import figures as plots
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import tables as chapter
from sercore.papers.biagini2022.inputs import FREE, Inputs
from sercore.papers.biagini2022.paper import PAPER
from sercore.papers.biagini2022.trial import SAME_SIZE, TAKES_APART, Trial, split
from sercore.protocols.speakers import LeakError, forbid_shared, speaker_folds
from sercore.sweep import Task
from tests.papers.biagini2022.loopq_runs import outcome
from tests.papers.biagini2022.loopq_runs import trials as networks
from tests.papers.biagini2022.loopq_toy import toy
from tests.table_cells import rows

WIDTH = 200  # so wide that a linear model can learn the signs of every speaker
SHARED = {"edition": "demo", "labels": "own", "size": "small"}


def clips(*, shared: float = 0.0, alone: float = 0.0):
    """Toy clips that tell their class by a sign that all speakers share, and by one that each speaker has alone."""
    data, generator = toy(), np.random.default_rng(1)
    classes = data.labels
    common = generator.normal(0, 1, (7, WIDTH))
    own = {name: generator.normal(0, 1, (7, WIDTH)) for name in sorted(set(data.groups))}
    rows = []
    for group, label in zip(data.groups, classes, strict=True):
        centre = shared * common[label] + alone * own[group][label]
        rows.append((centre + generator.normal(0, 0.3, (9, WIDTH))).astype(np.float32))
    return replace(data, inputs={"frames": Inputs.of(rows), FREE: Inputs.of(rows)})


def trials(data, *, seeds=(0,), folds=2):
    return list(difficulty.grid(difficulty.ROWS, data, seeds=seeds, folds=folds, **SHARED))


def test_the_grid_has_each_trial_once():
    found = trials(toy(), seeds=(0, 1), folds=4)
    assert len(found) == len(set(found)) == 2 * 4 * (1 + 3 * 4 + 2)
    per_protocol = Counter(trial.protocol for trial in found)
    assert set(per_protocol) == set(difficulty.PROTOCOLS)
    assert {trial.source for trial in found if trial.protocol == "across-corpora"} == {
        "toy-a",
        "toy-b",
    }
    assert {trial.encoder for trial in found if trial.variant == "mfcc"} == {"none"}
    assert {trial.encoder for trial in found if trial.variant == "frames"} == {"toy"}


def test_sides_of_one_size_differ_from_those_by_speaker_in_their_speakers_alone():
    data = toy()
    for trial in trials(data):
        if trial.protocol != SAME_SIZE:
            continue
        sides, by_speaker = split(trial, data), speaker_folds(data.table, trial.fold)
        for ours, theirs in zip(sides, by_speaker, strict=True):
            cells = [Counter(zip(data.table["corpus"].iloc[rows], data.labels[rows], strict=True)) for rows in (ours, theirs)]  # fmt: skip
            assert cells[0] == cells[1]
        groups = data.groups
        with pytest.raises(LeakError):
            forbid_shared(groups[sides[0]], groups[sides[2]], what="speaker")
        forbid_shared(groups[by_speaker[0]], groups[by_speaker[2]], what="speaker")


@pytest.mark.parametrize(
    ("signs", "above", "below"),
    [
        ({"alone": 2.0}, ("by-origin", SAME_SIZE), ("speaker-independent", "across-corpora")),
        ({"shared": 2.0}, difficulty.PROTOCOLS, ()),
        ({}, (), difficulty.PROTOCOLS),
    ],
)
def test_a_speakers_own_signs_help_only_where_speakers_are_shared(signs, above, below):
    """Planted: signs of one speaker lift the scores of shared speakers to the top and leave the others near guessing."""
    data = difficulty.summarised(clips(**signs))
    scores = {name: [] for name in difficulty.PROTOCOLS}
    for trial in trials(data):
        scores[trial.protocol].append(difficulty.run(trial, data)["accuracy"])
    for protocol in above:
        assert np.mean(scores[protocol]) > 0.55
    for protocol in below:
        assert np.mean(scores[protocol]) < 0.35


def test_takes_of_a_sentence_stay_on_one_side_and_speakers_do_not():
    """Planted in the other split: there takes of one sentence by one speaker are on two sides."""
    data = toy()
    for trial in trials(data):
        if trial.protocol not in (SAME_SIZE, TAKES_APART):
            continue
        training, _, test = split(trial, data)
        by_speaker = speaker_folds(data.table, trial.fold)
        assert abs(len(training) - len(by_speaker[0])) <= 2 * 7  # a sentence in 7 emotions, twice
        with pytest.raises(LeakError):
            forbid_shared(data.groups[training], data.groups[test], what="speaker")
        if trial.protocol == TAKES_APART:
            forbid_shared(data.takes[training], data.takes[test], what="take")
            continue
        with pytest.raises(LeakError):
            forbid_shared(data.takes[training], data.takes[test], what="take")


def test_a_trial_whose_split_reads_the_sentences_has_them_in_its_key():
    data = difficulty.summarised(clips())
    other = replace(data, table=data.table.assign(text=data.table["text"].iloc[::-1].to_numpy()))
    for trial in trials(data):
        is_same = data.content(trial) == other.content(trial)
        assert is_same == (trial.protocol != TAKES_APART)


def test_a_clip_is_the_mean_and_the_deviation_of_its_frames():
    data = clips()
    short = difficulty.summarised(data).inputs["frames"]
    for row in (0, 57):
        clip = data.inputs["frames"].clip(row)
        mean = clip.sum(0) / len(clip)
        spread = np.sqrt(np.square(clip - mean).sum(0) / len(clip))
        np.testing.assert_allclose(short.values[row], [*mean, *spread], rtol=1e-5)
    assert len(short.values) == len(data.table)


def test_the_fit_is_where_the_penalised_loss_is_least():
    """Independent: no step from the fitted weights lowers the loss that the method is defined by."""
    data = difficulty.summarised(clips(shared=0.2))
    trial = next(each for each in trials(data) if each.row.name == "LOGISTIC mfcc")
    training, _, test = split(trial, data)
    result = difficulty.run(trial, data)
    values = data.inputs["frames"].values.astype(float)
    scaled = (values - values[training].mean(0)) / values[training].std(0)
    fit = _descended(scaled[training], data.labels[training])
    answers = (scaled[test] @ fit[:-1] + fit[-1]).argmax(1)
    assert result["accuracy"] == pytest.approx((answers == data.labels[test]).mean())
    assert (result["clips"], result["training_clips"]) == (len(test), len(training))
    assert sum(row[-1] for row in result["counts"]) == len(test)
    assert result["ending"] == "converged"


def _descended(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights and offsets of least cross-entropy plus half their squares, by plain gradient descent."""
    weights, truth = np.zeros((values.shape[1] + 1, 7)), np.eye(7)[labels]
    design = np.hstack([values, np.ones((len(values), 1))])
    for _ in range(3000):
        errors = np.exp(log_softmax(design @ weights, axis=1)) - truth
        gradient = design.T @ errors
        gradient[:-1] += weights[:-1]
        weights -= 0.002 * gradient
    return weights


def test_a_fit_that_has_not_converged_is_an_error(monkeypatch):
    monkeypatch.setattr(difficulty, "ITERATIONS", 1)
    data = difficulty.summarised(clips(shared=0.2))
    with pytest.raises(ConvergenceWarning):
        difficulty.run(next(each for each in trials(data) if each.model == "LOGISTIC"), data)


@pytest.mark.parametrize(
    ("name", "rows"), [("difficulty", 2), ("pretraining", 4), ("references", 2)]
)
def test_its_trials_are_asked_for_by_name_alone(name, rows, monkeypatch):
    monkeypatch.setattr(loopq, "_loaded", lambda parameters, rows, **options: toy())
    parameters = loopq.Parameters(models=name, seeds=2, folds=4)
    (task,) = loopq.tasks(parameters, toy())
    assert (task.name, len(task.trials)) == (name, 2 * rows * (1 + 3 * 4 + 2))
    assert task.data.inputs["frames"].values.shape == (112, 12)
    without = loopq.Parameters(models=name, encoder="none")
    assert {trial.variant for trial in loopq.tasks(without, toy())[0].trials} == {"mfcc"}
    usual = loopq.tasks(loopq.Parameters(only="HUBERTFT"), toy())
    assert name not in [each.name for each in usual]


def test_each_task_reads_its_corpora(monkeypatch):
    asked = []
    monkeypatch.setattr(
        loopq, "_loaded", lambda parameters, rows, **options: asked.append(options) or toy()
    )
    for name in difficulty.TASKS:
        loopq.tasks(loopq.Parameters(edition="open", models=name, encoder="none"), toy())
    report = ("ravdess", "tess", "savee", "crema-d")
    assert [options["only"] for options in asked] == [(), difficulty.JUDGED, report]


CAST = {"ravdess": 8, "emovo": 6, "tess": 2}
RIGHT = dict(zip(difficulty.PROTOCOLS, (16, 15, 12, 10, 5), strict=True))  # of 20 clips


def book(
    *,
    cast: dict[str, int] = CAST,
    seeds: int = 5,
    task: str = "difficulty",
    networks: Sequence[Trial] = (),
) -> Ledger:
    """A ledger in which so many clips of each speaker and class are right under each protocol.

    Of ``networks`` 12 are right, of 20.
    """
    about = SimpleNamespace(table=pd.DataFrame({"corpus": list(cast)}), encoder="toy")
    rows, shared = difficulty.TASKS[task][0], SHARED | {"edition": "open"}
    given = list(difficulty.grid(rows, about, seeds=range(seeds), folds=6, **shared))
    outcomes = []
    for trial in given:
        counts = []
        for corpus, speakers in cast.items():
            for who in range(speakers) if corpus != trial.source else ():
                right = RIGHT[trial.protocol] + who % 2 - (trial.variant == "mfcc")
                group = f"{corpus}/{who:02d}"
                for label in range(7):
                    counts += [[group, label, label, right], [group, label, (label + 1) % 7, 20 - right]]  # fmt: skip
        outcomes.append({"counts": counts, "training_clips": 100, "ending": "converged"})
    places = {"data": None, "corpora": tuple(cast)}
    jobs = [Task(name=task, run=difficulty.run, trials=given, **places)]
    voices = [f"{corpus}/{who:02d}" for corpus, speakers in cast.items() for who in range(speakers)]
    outcomes = [outcomes]
    if networks:
        jobs.append(Task(name="models", run=loopq.run, trials=networks, **places))
        outcomes.append([outcome(trial, 12, speakers=voices) for trial in networks])
    return Ledger(PAPER, runs=recorded.of_this_run(jobs, outcomes))


def test_each_step_is_the_loss_between_two_neighbouring_splits():
    protocols = page.by_difficulty(book())["SVM mfcc"]
    for corpus in ("ravdess", "emovo"):
        found = page.steps(protocols, corpus)
        values = [loss.value for loss, _ in found.values()]
        assert values == pytest.approx([0.05, 0.25, 0.15, 0.1, 0.25])
        assert [mark for _, mark in found.values()] == ["holds"] * 5
        assert found["sharing"][0].groups == CAST[corpus]
    few = page.by_difficulty(book(cast={**CAST, "emovo": 5}))["SVM mfcc"]
    assert {mark for _, mark in page.steps(few, "emovo").values()} == {"inconclusive"}
    short = page.by_difficulty(book(seeds=4))["SVM mfcc"]
    assert {mark for _, mark in page.steps(short, "ravdess").values()} == {"inconclusive"}


def test_the_numbers_of_the_words_and_tables_are_the_planted_ones():
    ledger = book()
    numbers = page.quoted(ledger)
    assert numbers["svm_mfcc_shared_ravdess"] == pytest.approx(15.5 / 20)
    assert numbers["svm_mfcc_new_corpus"] == pytest.approx(4.5 / 20)
    assert numbers["logistic_mfcc_sharing_emovo"] == pytest.approx(0.25)
    assert "svm_frames_sharing_emovo" not in numbers
    assert numbers["difficulty_seeds"] == 5
    cells = rows(chapter.difficulty(ledger))
    assert [row[:2] for row in cells[:2]] == [["SVM mfcc", "by-origin"], ["SVM mfcc", "same-size"]]
    assert len(cells) == 10
    assert cells[0][3] == "0.775"
    lost = rows(chapter.losses(ledger))
    assert [row[0].split() for row in lost[:2]] == [
        ["SVM", "mfcc", "RAVDESS"],
        ["SVM", "mfcc", "EMOVO"],
    ]
    assert lost[0][3].startswith("+0.25 ")


def test_the_figure_has_the_mean_of_each_split():
    data = plots.difficulty_data(book())
    figure = plots.difficulty(data, printed={"a": 0.7, "b": 0.8}, chance=1 / 7)
    (means,) = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert means.get_xdata() == pytest.approx([15.5 / 20, 14.5 / 20, 11.5 / 20, 9.5 / 20, 4.5 / 20])
    assert np.isnan(data["SVM mfcc"]["by-origin"][1]["TESS"].low)
    assert np.isfinite(data["SVM mfcc"]["by-origin"][1]["RAVDESS"].low)
    with pytest.raises(ValueError, match="no classifier; expected one or more"):
        plots.difficulty({}, printed={"a": 0.7}, chance=1 / 7)


def test_the_recorded_losses_are_those_of_the_recorded_answers():
    """Independent of the estimates: accuracies of RAVDESS counted from the answers themselves."""
    ledger = Ledger(PAPER)
    table = ledger.recorded.kind("difficulty")
    answers = ledger.recorded.counts.merge(table[["trial", "model", "protocol", "seed", "fold"]])
    answers = answers[answers["group"].str.startswith("ravdess/") & (answers["model"] == "SVM")]
    answers = answers.assign(right=answers["count"] * (answers["true"] == answers["predicted"]))
    sums = answers.groupby(["protocol", "seed", "fold"])[["right", "count"]].sum()
    shares = (sums["right"] / sums["count"]).groupby(["protocol", "seed"]).mean()
    means = shares.groupby("protocol").mean()
    loss = means[SAME_SIZE] - means["speaker-independent"]
    assert page.quoted(ledger)["svm_mfcc_sharing_ravdess"] == pytest.approx(loss)


def test_the_lead_of_an_encoder_is_its_score_less_that_on_mfcc():
    ledger = book(cast={"ravdess": 8, "emovo": 6}, task="pretraining")
    found = page.leads(ledger, "SVM", "ravdess")
    assert [lead.value for lead, _ in found.values()] == pytest.approx([0.05] * 5)
    assert {mark for _, mark in found.values()} == {"holds"}
    numbers = page.quoted(ledger)
    assert numbers["svm_lead_new_speakers_emovo"] == pytest.approx(0.05)
    assert numbers["svm_frames_sharing_emovo"] == pytest.approx(0.25)
    assert len(rows(chapter.losses(ledger, "pretraining"))) == 8
    cells = rows(chapter.pretraining(ledger))
    assert len(cells) == 10
    assert cells[0][1:3] == ["0.775", "0.825"]
    assert page.leads(book(), "SVM", "ravdess") == {}
    assert "not recorded yet" in chapter.pretraining(book()).data


def test_a_network_is_compared_with_classifiers_on_the_seeds_and_folds_that_both_have():
    asked = {"models": "scratch", "protocol": "speaker-independent"}
    judged = networks(seeds=5, folds=2, only="CNNLSTM fixed", **asked)
    lone = networks(seeds=1, folds=2, only="CNNATT fixed", **asked)
    ledger = book(task="references", networks=[*judged, *lone])
    pairs = page.beside_networks(ledger, "ravdess")
    assert set(pairs) == {("CNNLSTM fixed", "SVM mfcc"), ("CNNLSTM fixed", "LOGISTIC mfcc")}
    for (network, small), _, _ in pairs.values():
        assert (
            network.runs == small.runs == {(seed, fold) for seed in range(5) for fold in range(2)}
        )
        assert network.groups == small.groups == [f"ravdess/{who:02d}" for who in range(8)]
    assert [gap.value for _, gap, _ in pairs.values()] == pytest.approx([0.6 - 0.475] * 2)
    assert {mark for *_, mark in pairs.values()} == {"holds"}
    numbers = page.quoted(ledger)
    assert numbers["cnnlstm_fixed_apart"] == pytest.approx(0.6)
    assert numbers["cnnlstm_fixed_beside_svm_mfcc"] == pytest.approx(0.475)
    assert numbers["cnnlstm_fixed_over_svm_mfcc_mark"] == "holds"
    assert [numbers[f"cnnlstm_fixed_{name}"] for name in ("folds", "speakers")] == [2, 8]
    assert [numbers[f"cnnlstm_fixed_epochs_{end}"] for end in ("low", "high")] == [30, 30]
    assert len(rows(chapter.networks(ledger))) == 2


@pytest.mark.parametrize("about", [{"seeds": 4}, {"cast": CAST | {"ravdess": 5}}])
def test_a_network_of_which_nothing_can_be_judged_stands_beside_no_classifier(about):
    asked = {"models": "scratch", "protocol": "speaker-independent", "only": "CNNLSTM fixed"}
    given = networks(folds=2, seeds=about.get("seeds", 5), **asked)
    ledger = book(task="references", networks=given, **about)
    assert page.beside_networks(ledger, "ravdess") == {}
    assert "not recorded yet" in chapter.networks(ledger).data
