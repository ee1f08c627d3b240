"""What chapter 2's words quote and what its figures draw, from planted runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sercore import papers
from sercore.evaluation.estimates import level
from sercore.evaluation.reference import CLASSIFIERS
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import evidence, numbers, page, tables
from sercore.papers.parry2022 import figures as parry2022_figures
from sercore.papers.parry2022 import study as parry
from sercore.report.figures import scatter
from tests.papers.parry2022.parry_book import MEASURED, ON, book, grid, switched
from tests.report.legible import legible
from tests.table_cells import rows as table_rows

NOTHING = Ledger(papers.named(parry.NAME), runs=recorded.read("no such paper"))


@pytest.fixture(autouse=True)
def _measured(monkeypatch):
    monkeypatch.setattr(recorded, "measurements", lambda paper: MEASURED)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: ON)
    monkeypatch.setattr(numbers, "corpora", lambda: ON)


@pytest.fixture(scope="module")
def full() -> Ledger:
    return book([*grid(), *switched()])


def test_the_words_quote_print_the_baseline_and_how_far_it_moves(full):
    named = page.quoted(full)
    assert (named["models"], named["printed_differences"]) == (45, 30)
    assert named["printed_lowest"] == pytest.approx(33.29 - 49.48)
    assert named["printed_highest"] == pytest.approx(55.46 - 49.48)
    assert named["corpora"] == "EMOVO, RAVDESS and SAVEE"
    assert named["missing"] == "Emo-DB, IEMOCAP and EPST"
    assert (named["baseline"], named["baseline_spread"]) == pytest.approx((41, 1))
    assert named["baseline_first"] == pytest.approx(40)
    assert named["step"] == pytest.approx(6)  # of 5, 10 and 6 points, whatever the seed
    _, differences = parry2022_figures.swing_data(full)
    small = [value for values in differences.values() for value in values if abs(value) < 6]
    assert named["below_step"] == len(small)
    assert 0 < len(small) < 30


def test_the_words_count_trainings_models_and_collapses(full):
    named = page.quoted(full)
    assert named["trainings"] == len(grid()) + len(switched())
    assert named["cap"] == 30
    assert (named["single"], named["single_seeds"], named["single_below"]) == (12, 3, 1)
    assert (named["several"], named["several_seeds"], named["several_above"]) == (33, 1, 33)
    assert named["several_above_mean"] == 33
    assert (named["of_tables"], named["collapsed"]) == (3 * 13 + 33, 3)  # AD G, of every seed
    assert named["probe_gr"] == pytest.approx(0.9)
    assert named["silhouette_mtl"] == pytest.approx(0.4)


def test_one_recorded_count_moves_what_the_words_quote(full):
    counts = full.recorded.parts["counts"].copy()
    trial = full.recorded.trials.query("approach == 'MTL' and attributes == 'C' and seed == 1")
    is_one = (counts["trial"] == trial["trial"].iloc[0]) & counts["group"].str.startswith("tess/")
    counts.loc[is_one & (counts["true"] == counts["predicted"]), "count"] = 1
    parts = full.recorded.parts | {"counts": counts}
    moved = page.quoted(Ledger(full.paper, runs=replace(full.recorded, parts=parts)))
    assert moved["single_below"] == page.quoted(full)["single_below"] + 1


def test_the_words_quote_print_alone_where_nothing_is_recorded():
    named = page.quoted(NOTHING)
    assert named["printed_baseline"] == 49.48
    assert not {"baseline", "trainings", "collapsed"} & set(named)


def test_todays_words_quote_what_the_recorded_files_hold(monkeypatch):
    monkeypatch.undo()
    ledger = Ledger(papers.named(parry.NAME))
    named = page.quoted(ledger)
    models = ledger.recorded.trials.query(
        "run.str.endswith('models') and protocol == 'held-out-speakers'"
    )
    at_cap = models["ending"].str.startswith("all ") & (models["epochs"] < 150)
    assert (named["trainings"], named["unfinished"]) == (len(models), at_cap.sum())
    counts, scores = ledger.recorded.parts["counts"], []
    is_plain = (models["approach"] == "baseline") & (models["surprise"] == "positive")
    for trial in models[is_plain & (models["calm"] == "neutral")]["trial"]:
        on_tess = counts[(counts["trial"] == trial) & counts["group"].str.startswith("tess/")]
        by_class = on_tess.groupby("true")["count"].sum()
        right = on_tess[on_tess["true"] == on_tess["predicted"]].groupby("true")["count"].sum()
        scores.append(100 * (right.reindex(by_class.index, fill_value=0) / by_class).mean())
    assert named["baseline_seeds"] == len(scores)
    assert named["baseline"] == pytest.approx(np.mean(scores))
    assert named["baseline_spread"] == pytest.approx(np.std(scores, ddof=1))


def test_the_swing_is_the_baselines_and_the_gaps_are_the_printed_ones(full):
    curves, gaps = parry2022_figures.swing_data(full)
    assert list(curves) == [0, 1, 2]
    assert curves[1] == pytest.approx([41, 46, 36, 42])
    assert {name: len(values) for name, values in gaps.items()} == {"MTL": 10, "GR": 10, "AD": 10}
    assert gaps["MTL"][0] == pytest.approx(48.90 - 49.48)
    assert parry2022_figures.swing_data(full, on="CREMA-D")[0] == {}
    figure = parry2022_figures.swing(curves, gaps, corpus="TESS", chance=100 / 3)
    legible(figure)


def test_losses_are_those_of_the_first_seed_with_the_entropies_of_what_each_model_learns(full):
    curves, entropies = parry2022_figures.learning_data(full)
    assert list(curves) == ["baseline", "MTL C+S+G+L", "GR C+S+G+L", "AD C+S+G+L"]
    assert curves["baseline"] == {
        "emotion": [1, 0.5, 1 / 3, 0.25],
        "alpha": pytest.approx([0.1, 0.2, 0.3, 0.4]),
    }
    assert curves["GR C+S+G+L"]["S"] == [0.5, 1, 1.5, 2]
    assert entropies["baseline"] == {"emotion": 0.99}
    assert entropies["AD C+S+G+L"]["S"] == 3.2
    legible(parry2022_figures.learning(curves, entropies))
    assert parry2022_figures.learning_data(NOTHING) == ({}, {})


def test_gains_have_all_45_models_printed_and_recorded_above_one_baseline(full):
    panels = parry2022_figures.gains_data(full)
    names = ["TESS, printed", "TESS, ours", "CREMA-D, printed", "in-domain test, ours"]
    assert list(panels) == names
    assert {values.shape for values in panels.values()} == {(15, 3)}
    printed, ours = panels["TESS, printed"], panels["TESS, ours"]
    assert np.isfinite(printed).sum() == np.isfinite(panels["CREMA-D, printed"]).sum() == 30
    assert np.isfinite(ours).all()
    rows, columns = parry.SUBSETS, parry.APPROACHES
    at = rows.index("C"), columns.index("MTL")
    assert (printed[at], ours[at]) == (pytest.approx(-0.58), pytest.approx(5))
    at = rows.index("C+S"), columns.index("GR")
    assert np.isnan(printed[at])
    assert ours[at] == pytest.approx(42 - 41)  # of seed 0, above the mean of the baseline's seeds
    legible(parry2022_figures.gains(panels))
    assert list(parry2022_figures.gains_data(NOTHING)) == ["TESS, printed", "CREMA-D, printed"]


def test_the_curve_over_alpha_ends_beyond_the_papers_and_has_each_seed(full):
    found = parry2022_figures.alpha_data(full)
    assert [at for at, _ in found["TESS"]] == [0, 0.1, 0.25, 0.5, 0.75]
    assert dict(found["TESS"])[0.5] == pytest.approx([38, 39, 40])
    legible(parry2022_figures.alpha_curve(found, paper=0.5))


def test_maps_show_baseline_mtl_and_gr_by_corpus(full):
    panels = parry2022_figures.maps_data(full, NOTHING)
    assert [name for name, *_ in panels] == [
        f"Real speech: {model}" for model in ("baseline", "MTL C", "GR C")
    ]
    assert panels[0][1].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert panels[2][2] == ["RAVDESS", "RAVDESS", "EMOVO"]
    legible(scatter([panels]))


def test_maps_of_this_page_stand_only_where_none_are_recorded(full):
    this_page = book([])
    this_page.recorded.parts["map"]["group"] = "demo-scena/x"
    this_page.recorded.runs["demo"] = {"edition": "demo"}
    panels = parry2022_figures.maps_data(NOTHING, this_page)
    assert panels[0][0] == "Synthetic speech: baseline"
    assert set(panels[0][2]) == {"demo-scena"}
    assert parry2022_figures.maps_data(full, this_page)[0][0] == "Real speech: baseline"
    assert parry2022_figures.maps_data(NOTHING, NOTHING) == []


@pytest.fixture(scope="module")
def recorded_ledger() -> Ledger:
    return Ledger(papers.named(parry.NAME))


def worked_out(ledger: Ledger, corpus: str, **settings) -> np.ndarray:
    """UA of every single reference model on a corpus, on drawn speakers."""
    table = ledger.recorded.trials
    table = table[table["run"].str.endswith("references") & (table["fold"] >= 0)]
    return by_pandas(ledger, corpus, table, **settings)


def by_pandas(ledger: Ledger, corpus: str, table: pd.DataFrame, **settings) -> np.ndarray:
    """UA of every single trial of a table on a corpus, by pandas: mean recall of the classes, in %."""
    for name, value in settings.items():
        table = table[table[name] == value]
    counts = ledger.recorded.counts
    chosen = counts["trial"].isin(table["trial"]) & counts["group"].str.startswith(f"{corpus}/")
    counts = counts[chosen].assign(right=lambda rows: rows["true"] == rows["predicted"])
    totals = counts.groupby(["trial", "true"])["count"].sum()
    right = counts[counts["right"]].groupby(["trial", "true"])["count"].sum()
    recall = right.reindex(totals.index, fill_value=0) / totals
    return 100 * recall.groupby("trial").mean().to_numpy()


def test_words_on_reference_models_quote_what_the_recorded_files_hold(monkeypatch, recorded_ledger):
    monkeypatch.undo()
    named = page.quoted(recorded_ledger)
    assert named["statistics"] == 240
    svm = {"model": "SVM, balanced", "labels": "true"}
    plain = svm | {"scaling": "training"}
    unseen = worked_out(recorded_ledger, "ravdess", protocol="unseen ravdess", **plain)
    pooled = worked_out(recorded_ledger, "ravdess", protocol="unseen none", **plain)
    assert len(unseen) == len(pooled) == 5 * 6
    assert named["svm_ravdess_unseen"] == pytest.approx(unseen.mean())
    assert named["svm_ravdess_pooled"] == pytest.approx(pooled.mean())
    assert named["svm_ravdess_cost"] == pytest.approx(pooled.mean() - unseen.mean())
    assert (
        named["svm_ravdess_cost_low"] < named["svm_ravdess_cost"] < named["svm_ravdess_cost_high"]
    )
    layout = {"protocol": "held-out-speakers"}
    tess = worked_out(recorded_ledger, "tess", **layout, **plain)
    assert named["svm_tess_unseen"] == pytest.approx(tess.mean())
    assert named["reference_spread_low"] == pytest.approx(tess.std(ddof=1))
    scaled = worked_out(recorded_ledger, "tess", **layout, **svm, scaling="speaker")
    assert named["svm_tess_by_speaker"] == pytest.approx(scaled.mean() - tess.mean())
    fewer = worked_out(recorded_ledger, "ravdess", **layout, **plain)
    assert named["svm_ravdess_fewer"] == pytest.approx(fewer.mean() - unseen.mean())
    assert named["fall_judged"] == 6  # three models on RAVDESS and on EMOVO


def test_words_on_the_network_quote_what_the_recorded_files_hold(monkeypatch, recorded_ledger):
    """The network on each seed, beside the one training of a model without a random start."""
    monkeypatch.undo()
    named, table = page.quoted(recorded_ledger), recorded_ledger.recorded.trials
    unseen = table[table["protocol"] == "unseen ravdess"]
    networks = unseen[unseen["run"].str.endswith("models")]
    scores = by_pandas(recorded_ledger, "ravdess", networks, approach="baseline")
    assert len(scores) == named["network_ravdess_seeds"] == named["network_ravdess_finished"] == 5
    assert named["network_ravdess"] == pytest.approx(scores.mean())
    assert named["network_ravdess_low"] < scores.mean() < named["network_ravdess_high"]
    split = unseen[unseen["run"].str.endswith("references") & (unseen["fold"] < 0)]
    given = {"scaling": "training", "labels": "true", "model": "SVM, balanced"}
    (svm,) = by_pandas(recorded_ledger, "ravdess", split, **given)
    assert named["network_ravdess_over_svm"] == pytest.approx(scores.mean() - svm)
    assert named["network_ravdess_beside_svm"] == pytest.approx(svm)
    lead = evidence.above_reference(recorded_ledger, "SVM, balanced", "ravdess")
    assert not lead.doubt
    assert named["trainings"] == len(table[table["run"] == "open, models"])


def test_where_another_corpus_is_unseen_the_ledger_has_that_corpus_alone(
    monkeypatch, recorded_ledger
):
    monkeypatch.undo()
    rows = [row for row in recorded_ledger.entries() if row["protocol"] == "unseen ravdess"]
    assert [(row["row"], row["column"], row["seeds"]) for row in rows] == [
        ("Control: baseline, unseen ravdess", "RAVDESS unseen", 5),
        ("Control: MTL C, unseen ravdess", "RAVDESS unseen", 5),
    ]
    for found, name in zip(rows, ("baseline", "MTL C"), strict=True):
        trials = evidence.network_unseen(recorded_ledger, "ravdess", name)
        assert found["value"] == pytest.approx(level(trials, "unweighted_accuracy").value)


def test_what_an_attribute_adds_on_an_unseen_corpus_is_of_the_same_seeds(
    monkeypatch, recorded_ledger
):
    monkeypatch.undo()
    named, table = page.quoted(recorded_ledger), recorded_ledger.recorded.trials
    unseen = table[(table["protocol"] == "unseen ravdess") & table["run"].str.endswith("models")]
    gains = []
    for seed in range(5):
        with_corpus, without = (
            by_pandas(recorded_ledger, "ravdess", unseen, seed=seed, **row)
            for row in ({"approach": "MTL", "attributes": "C"}, {"approach": "baseline"})
        )
        gains += (with_corpus - without).tolist()
    assert len(gains) == named["gain_mtl_c_seeds"] == named["gain_mtl_c_finished"] == 5
    assert named["gain_mtl_c"] == pytest.approx(np.mean(gains))
    gap = evidence.gains_unseen(recorded_ledger, "ravdess")["MTL C"]
    assert gap.by_seed == pytest.approx(gains)
    assert named["gains_judged"] == 1
    assert named["gains_holds"] + named["gains_fails"] == (
        named["gain_mtl_c_mark"] != "inconclusive"
    )
    shown = table_rows(tables.unseen(recorded_ledger))
    assert [row[:2] for row in shown] == [["baseline", "5"], ["MTL C", "5"]]
    assert shown[1][-1] == named["gain_mtl_c_mark"]
    assert table_rows(tables.unseen(NOTHING)) == [["not recorded yet"]]


def test_an_interval_of_a_cost_is_that_of_speakers_and_seeds_drawn_anew(recorded_ledger):
    """The bootstrap of the rule, written out again: speakers of both layouts alike, seeds of each."""
    ledger, settings = recorded_ledger, {"model": "SVM, balanced", "labels": "true"}
    table = ledger.recorded.trials
    table = table[table["run"].str.endswith("references") & (table["fold"] >= 0)]
    for name, value in {**settings, "scaling": "training"}.items():
        table = table[table[name] == value]
    draw, arrays = np.random.default_rng(0), {}
    groups = [f"ravdess/{actor:02d}" for actor in range(1, 25)]
    for protocol in ("unseen none", "unseen ravdess"):
        trials = (
            table[table["protocol"] == protocol].sort_values(["seed", "fold"])["trial"].tolist()
        )
        array = np.zeros((24, 30, 3, 3))
        counts = ledger.recorded.counts
        for row in counts[counts["trial"].isin(trials)].itertuples():
            if row.group in groups:
                array[groups.index(row.group), trials.index(row.trial), row.true, row.predicted] = (
                    row.count
                )
        arrays[protocol] = array.reshape(24, 5, 6, 3, 3)
    differences = []
    for _ in range(1500):
        speakers, scores = draw.integers(24, size=24), []
        for array in arrays.values():
            matrix = array[speakers].sum(0)  # (seeds, folds, classes, classes)
            totals = matrix.sum(-1)
            recall = np.einsum("sfcc->sfc", matrix) / np.where(totals > 0, totals, np.nan)
            of_seeds = np.nanmean(recall.mean(-1), axis=1)
            scores.append(100 * of_seeds[draw.integers(5, size=5)].mean())
        differences.append(scores[0] - scores[1])
    gap = evidence.cost(ledger, "SVM, balanced", "ravdess")
    low, high = np.quantile(
        np.array(differences) - np.mean(differences) + gap.value, [0.025, 0.975]
    )
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=0.7)


def test_a_corpus_is_judged_by_its_speakers_and_shown_with_too_few(monkeypatch, recorded_ledger):
    monkeypatch.undo()
    panels = parry2022_figures.unseen_data(recorded_ledger)
    assert list(panels) == [*CLASSIFIERS, parry2022_figures.NETWORK]
    (network,) = (one for one in panels[parry2022_figures.NETWORK] if np.isfinite(one.value))
    assert (network.row, network.series, network.is_judged) == ("RAVDESS", "unseen", True)
    trials = evidence.network_unseen(recorded_ledger, "ravdess")
    assert network.value == pytest.approx(np.mean(trials.by_seed(numbers.UA)))
    for effects in list(panels.values())[:-1]:
        judged = {effect.row for effect in effects if effect.is_judged}
        assert judged == {"RAVDESS", "EMOVO"}
        assert {effect.row for effect in effects} == {"RAVDESS", "EMOVO", "SAVEE", "TESS"}
        assert all(np.isnan(effect.low) for effect in effects if not effect.is_judged)
    legible(parry2022_figures.unseen(panels, chance=100 / 3))
    assert parry2022_figures.unseen_data(NOTHING) == {}


def test_tables_of_reference_models(monkeypatch, recorded_ledger):
    monkeypatch.undo()
    text = tables.references(recorded_ledger).data
    assert text.count("<tr>") == 2 + 1 + len(parry.REFERENCES)  # two heads, and the network
    assert "2 speakers" in text  # of TESS, which is not judged
    assert text.count("shuffled") == 2
    assert tables.costs(recorded_ledger).data.count("<tr>") == 1 + 3 * 4
    for make in (tables.references, tables.costs):
        assert "not recorded yet" in make(NOTHING).data
