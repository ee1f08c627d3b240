"""Differences on CAM++: which are judged, by what name words may quote them, and how they are drawn and listed."""

import pytest
from matplotlib.colors import to_hex

from sercore.evaluation.estimates import level
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.padi2021 import campplus, figures, numbers, tables
from sercore.papers.padi2021.paper import PAPER
from sercore.report import prose
from sercore.training.sgd import Plan
from tests.papers.padi2021.padi_runs import encoded, ledger, trials
from tests.report.legible import legible
from tests.table_cells import rows

NAMES = ("CAM++ 00", "CAM++ 01", "CAM++ regression", "CAM++ regression, middle")


def right(trial, speaker):
    """Of a hundred: pooling loses ten after 8 epochs and gains ten after 20, five of them by the falling rate."""
    if not isinstance(trial, campplus.Trial):
        return 50
    if trial.pooling == "regression":
        return 62 + 5 * (trial.output == "frames_middle") + 8 * (trial.protocol == "clips")
    gain = 10 if trial.epochs == 20 else -10
    return 55 + gain * (trial.pooling == "statistics") - 5 * (trial.control == "constant rate")


def grown(*, seeds: int = 5, epochs=(8, 20), folds: int = 5, names=NAMES, **given) -> list:
    """Trials on CAM++, of as many epochs each."""
    return [
        trial
        for name in names
        for count in epochs
        for seed in range(seeds)
        for trial in encoded(name, folds=folds, seed=seed, epochs=count, **given)
    ]


@pytest.fixture(scope="module")
def whole() -> Ledger:
    """Five seeds of both schedules, and the rate that never falls; a recogniser and the system 101."""
    never = grown(epochs=(20,), names=("CAM++ 01",), control="constant rate")
    mixed = grown(epochs=(20,), names=("CAM++ regression",), protocol="clips")
    given = [*grown(), *never, *mixed]
    return ledger(trials(["101"], seeds=3), right, encoder=given, speakers=True)


def test_a_difference_of_finished_trainings_is_judged_and_no_other(whole):
    found = {(gap.name, gap.training): gap for gap in numbers.on_encoder_compared(whole)}
    values = {key: (gap.estimate.value, gap.mark) for key, gap in found.items()}
    assert values == {
        ("pooling_last", "20 epochs"): (pytest.approx(10), "holds"),
        ("pooling_last", "8 epochs"): (pytest.approx(-10), "inconclusive"),
        ("layer_regression", "to convergence"): (pytest.approx(5), "holds"),
        ("decay", "20 epochs"): (pytest.approx(5), "holds"),
        ("split", "to convergence"): (pytest.approx(8), "holds"),
    }
    assert found["pooling_last", "8 epochs"].estimate.unfinished


def test_words_name_a_difference_by_its_sign(whole):
    named = PAPER.quoted(whole)
    about = ("pooling_last_above", "pooling_last_short", "layer_regression_above", "decay_above")
    assert [named[name] for name in about] == pytest.approx([10, -10, 5, 5])
    levels = ("statistics_last", "statistics_last_short", "flatten_last", "regression_middle")
    assert [named[name] for name in levels] == pytest.approx([65, 45, 55, 67])
    few = ledger([], right, encoder=grown(seeds=4))
    sentence = "{{ padi2021.pooling_last_above | signed(1) }}"
    assert prose.fill(sentence, {"padi2021": named}, where="a page") == "+10.0"
    with pytest.raises(prose.ProseError, match="pooling_last_above"):
        prose.fill(sentence, {"padi2021": PAPER.quoted(few)}, where="a page")
    turned = ledger([], lambda trial, speaker: 100 - right(trial, speaker), encoder=grown())
    assert PAPER.quoted(turned)["pooling_last_below"] == pytest.approx(-10)


def test_differences_are_judged_together():
    """One of several by Holm's procedure: noise of ten points over seeds leaves five points open."""

    def loose(trial, speaker):
        gain = 4 * (trial.pooling == "statistics")
        return 50 + gain + (7 * trial.seed + 3 * (trial.pooling == "flatten")) % 20

    gaps = numbers.on_encoder_compared(ledger([], loose, encoder=grown(names=NAMES[:2])))
    assert {gap.mark for gap in gaps} == {"inconclusive"}


def test_a_regression_of_several_epochs_counts_once():
    both = grown(names=("CAM++ regression",), epochs=(8, 20))
    (found,) = ledger([], right, encoder=both).runs("exp1 CAM++ regression").values()
    assert len(found.table) == 25
    assert found.table["variant"].unique().tolist() == ["open, to convergence"]
    assert found.unfinished == ""


def test_tables_have_both_trainings_side_by_side(whole):
    found = rows(tables.encoder(whole))
    listed = {row[1]: row for row in found if row[0] == "speakers left out"}
    assert set(listed) == set(NAMES)
    assert [row[1] for row in found if row[0] != "speakers left out"] == ["CAM++ regression"]
    assert listed["CAM++ 01"][:4] == ["speakers left out", "CAM++ 01", "last", "20 epochs"]
    assert [cell.split()[0] for cell in listed["CAM++ 01"][4:]] == [
        "65.00", "65.00", "5", "45.00", "45.00", "5",
    ]  # fmt: skip
    assert listed["CAM++ regression"][3] == "to convergence"
    signs = {(row[0], row[2]): row[-1] for row in rows(tables.compared(whole))}
    assert signs["statistics minus flattened chunk", "20 epochs"] == "above zero"
    assert signs["statistics minus flattened chunk", "8 epochs"].startswith(
        "not judged: unfinished"
    )


def read_less(trial, speaker):
    """Of a hundred: one second costs statistics pooling ten, a chunk with its mean around it five."""
    cost = {("statistics", "100", ""): 10, ("flatten", "100", "mean"): 5}
    about = (trial.pooling, trial.evaluate, trial.padding)
    return 60 - cost.get(about, 0) + (trial.pooling == "flatten")


def test_words_and_figure_say_what_more_of_a_clip_adds():
    given = grown(epochs=(20,), names=tuple(campplus.SHORTER))
    book = ledger([], read_less, encoder=given)
    named = PAPER.quoted(book)
    assert named["ravdess_statistics_100"] == pytest.approx(50)
    assert named["ravdess_flatten_300"] == pytest.approx(61)
    assert named["ravdess_statistics_three_above"] == pytest.approx(10)
    still = ("ravdess_statistics_whole_open", "ravdess_flatten_three_open")
    assert [named[name] for name in still] == pytest.approx([0, 0])
    assert "ravdess_flatten_whole_open" not in named  # it reads one length
    assert named["ravdess_flatten_spared_below"] == pytest.approx(-10)
    assert named["ravdess_flatten_mean_three_above"] == pytest.approx(5)
    assert named["ravdess_flatten_mean_spared_below"] == pytest.approx(-5)
    panels = figures.lengths_data(book)
    assert [*panels["ravdess"]] == [*figures.POOLED]
    assert [*panels["ravdess"]["statistics"]] == [*campplus.READ]
    kept = panels["ravdess"]["mean"].values()
    assert {trials.table["trial"].nunique() for trials in kept} == {25}
    assert recorded.measurements(PAPER.name)["duration / all / min"] >= 3  # as LONG says
    short = ledger([], read_less, encoder=given, corpus="iemocap")
    assert [*figures.lengths_data(short)["iemocap"]["flatten mean"]] == ["50", "100", "200"]
    assert "iemocap_flatten_mean_three_above" not in PAPER.quoted(short)
    figure = figures.lengths(panels)
    legible(figure)
    axes = figure.axes[0]
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(marks) == 2 * 5 + 3 * 4
    assert [label.get_text() for label in axes.get_xticklabels()][-2:] == ["3 s", "all"]
    # Rows that read less are no rows of the table of whole clips.
    assert rows(tables.encoder(book)) == [["not recorded yet"]]


def test_trials_of_two_corpora_are_never_joined():
    """Of one system, trained alike: each corpus is a way of its own, and the edition's is the first."""
    names = ("CAM++ 01", "CAM++ 00")
    here, there = (grown(epochs=(20,), names=names, corpus=corpus) for corpus in ("", "iemocap"))
    book = ledger([], lambda trial, speaker: 70 if trial.corpus else 60, encoder=[*here, *there])
    ways = numbers.ways_of_training(book, names, experiment="exp1")
    scores = {way.corpus: level(way.trials["CAM++ 01"], numbers.WA).value for way in ways}
    assert scores == {"ravdess": pytest.approx(60), "iemocap": pytest.approx(70)}
    assert all(len(way.trials["CAM++ 01"].table) == 25 for way in ways)


def test_verification_stands_beside_emotion(whole):
    found = rows(tables.stages(whole))
    assert found[0][:4] == ["ours, ResNet34", "8", "31.0", "101"]
    assert [row[3] for row in found[1:]] == ["CAM++ 01", "CAM++ 01", "CAM++ regression"]
    assert "8 epochs" in found[0][-1]


def test_rings_are_of_trainings_cut_short(whole):
    effects = figures.encoder_data(whole)
    assert [effect.is_judged for effect in effects] == [True, False, True, True, True]
    figure = figures.encoder(effects)
    legible(figure)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in marks] == pytest.approx([10, -10, 5, 5, 8])
    assert [to_hex(line.get_markerfacecolor()) == "#ffffff" for line in marks] == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_the_shorter_training_is_the_longer_one_until_then():
    """Recorded losses after 8 epochs: of the trainings that end there, and on the way of those that go on."""
    book = Ledger(PAPER).recorded
    table, losses = book.kind("campplus"), book.parts["epochs"]
    table = table[table["evaluate"].isna()]  # others are of the same trainings, scored anew
    losses = losses[(losses["epoch"] == Plan.constant) & (losses["what"] == "loss")]
    about = ["output", "pooling", "augmentation", "protocol", "control", "fold", "seed"]
    short = table[table["epochs"] == Plan.constant].set_index(about)["training_loss"].dropna()
    long = table[table["epochs"] == Plan.epochs].set_index(about)["trial"]
    passed = long.map(losses.set_index("trial")["value"]).dropna()
    shared = short.index.intersection(passed.index)
    assert len(shared) >= 15
    assert passed[shared].to_numpy() == pytest.approx(short[shared].to_numpy(), abs=1e-5)
