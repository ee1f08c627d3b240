"""The ledger: ours never comes from the printed numbers, what is recorded is read back, what changed is told."""

import json
import shutil
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from sercore import store
from sercore.ledger import claims, published, recorded, recording
from sercore.ledger.claims import ser2022 as statements
from sercore.ledger.claims import ser2022_numbers as numbers
from sercore.ledger.entries import Ledger, Place, entries, tally
from sercore.ledger.scores import MEASURES
from sercore.ledger.verdicts import VERDICTS
from sercore.studies import ser2022
from sercore.studies.ser2022_trial import Trial

PAPER = ser2022.PAPER
ROW = "(3) Multi-task all prosodic + SMOTE - CG"
KEYS = ["paper", "table", "row", "column", "metric", "published", "value", "low", "high", "seeds"]
KEYS += ["variant", "protocol", "edition", "encoder", "corpora", "stale", "verdict", "reason"]


def outcome(generator: np.random.Generator, right: float) -> dict:
    """Forty clips in ten recordings, predicted right with this probability."""
    true = generator.integers(0, 3, 40)
    predicted = np.where(generator.random(40) < right, true, generator.integers(0, 3, 40))
    counts = (
        pd.Series(1, index=pd.MultiIndex.from_arrays([[f"r{at % 10}" for at in range(40)], true, predicted]))
        .groupby(level=[0, 1, 2])
        .sum()
    )
    return {
        "counts": [[*where, int(number)] for where, number in counts.items()],
        "errors": [[f"r{at}", 4, 4 * 0.1, 4 * 2 / 9] for at in range(10)],
        "head_mse": 0.1,
        "second_mse": 2 / 9,
        "second_zero": 0.0,
        "seconds": 1.0,
        "pairs": (true, predicted),
    }


@pytest.fixture
def made():
    """Five seeds of five folds of one row under both protocols, and their outcomes."""
    generator = np.random.default_rng(0)
    trials = [
        Trial(row=ROW, variant="as-run", protocol=protocol, fold=fold, seed=seed, edition="open")
        for protocol in ser2022.PROTOCOLS
        for seed in range(5)
        for fold in range(5)
    ]
    return trials, [outcome(generator, 0.8 if trial.protocol == "as-published" else 0.3) for trial in trials]


def about() -> dict:
    key = store.key(settings={}, manifest=[], modules=ser2022.run.__module__)
    return recorded.provenance(
        edition="open",
        corpora=["coraa-ser"],
        keys=[key],
        parts=ser2022.extractors(),
        module=ser2022.run.__module__,
        device="cpu",
        encoders={"toy": 16},
    )


def frames(trials, outcomes, **more) -> recorded.Recorded:
    plain = [{name: value for name, value in each.items() if name != "pairs"} for each in outcomes]
    return recorded.frames("open", about(), trials, ["k"] * len(trials), plain, **more)


def test_a_value_is_the_mean_over_folds_and_seeds_of_scikit_learns_score(made):
    trials, outcomes = made
    cell = Ledger(PAPER, runs=frames(*made)).cell(ROW, "macro_f1_cv5_mean", protocol="as-published")
    scores = [
        f1_score(*each["pairs"], average="macro")
        for trial, each in zip(trials, outcomes, strict=True)
        if trial.protocol == "as-published"
    ]
    assert cell.value == pytest.approx(np.mean(scores))
    assert (cell.seeds, cell.groups) == (5, 10)
    assert cell.low < cell.value < cell.high


def test_errors_are_read_as_what_they_are(made):
    ledger = Ledger(PAPER, runs=frames(*made))
    assert ledger.cell(ROW, "ser_head_mse_x100_printed_as_accuracy").value == pytest.approx(10)
    assert ledger.cell(ROW, "summed_mse_two_heads_cv5_mean").value == pytest.approx(0.1 + 2 / 9)
    assert ledger.cell(ROW, "summed_mse_two_heads_cv5_mean", variant="as-described") is None


def test_what_is_recorded_is_read_back_and_replaced_when_run_again(made, tmp_path):
    trials, outcomes = made
    names = list(asdict(trials[0]))
    recorded.write(PAPER, lambda start: frames(*made, start=start), names, folder=tmp_path)
    first = recorded.read(PAPER, folder=tmp_path)
    assert len(first.trials) == 50
    again = [each | {"head_mse": 0.2} for each in outcomes[:3]]
    recorded.write(PAPER, lambda start: frames(trials[:3], again, start=start), names, folder=tmp_path)
    second = recorded.read(PAPER, folder=tmp_path)
    assert len(second.trials) == 50
    assert sorted(second.trials["head_mse"])[-3:] == [0.2] * 3
    assert second.trials["trial"].is_unique
    assert set(second.counts["trial"]) == set(second.trials["trial"]) == set(second.errors["trial"])
    assert len(second.notes) == 0
    one, two = (Ledger(PAPER, runs=each).cell(ROW, "macro_f1_cv5_mean") for each in (first, second))
    assert one.value == pytest.approx(two.value)


def test_trials_with_a_setting_of_their_own_join_those_without(made, tmp_path):
    trials, outcomes = made
    recorded.write(PAPER, lambda start: frames(*made, start=start), list(asdict(trials[0])), folder=tmp_path)

    @dataclass(frozen=True, kw_only=True)
    class Wider(type(trials[0])):
        more: str = "x"

    wide = [Wider(**asdict(trial)) for trial in trials[:2]]
    for _ in range(2):  # the second time each replaces itself
        recorded.write(PAPER, lambda start: frames(wide, outcomes[:2], start=start), list(asdict(wide[0])), folder=tmp_path)
    table = recorded.read(PAPER, folder=tmp_path).trials
    assert len(table) == 52
    assert table["more"].notna().sum() == 2


def test_changed_print_changes_no_value_of_ours(made, tmp_path):
    shutil.copytree(published.FOLDER, tmp_path / "published")
    path = tmp_path / "published" / f"{PAPER}.csv"
    table = pd.read_csv(path)
    table["value"] = table["value"] * 1.5 + 1
    table.to_csv(path, index=False)
    runs = frames(*made)
    before, after = Ledger(PAPER, runs=runs).entries(), Ledger(PAPER, runs=runs, published_folder=tmp_path / "published").entries()
    ours = [[(each["row"], each["metric"], each["value"], each["low"], each["high"]) for each in side] for side in (before, after)]
    assert ours[0] == ours[1]
    assert [each["published"] for each in before] != [each["published"] for each in after]


def test_entries_have_the_agreed_form():
    found = entries(PAPER)
    assert all(list(each) == KEYS for each in found)
    numbers = {(number.table, number.row, number.column, number.metric) for number in published.read(PAPER)}
    assert numbers <= {(each["table"], each["row"], each["column"], each["metric"]) for each in found}
    assert all(each["reason"] for each in found if each["value"] is None)
    assert {each["verdict"] for each in found if each["published"] is not None} <= set(VERDICTS)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(("paper", "count"), list(zip(published.PAPERS, (177, 102, 146, 78), strict=True)))
def test_every_printed_number_has_one_verdict(paper, count):
    assert sum(tally(Ledger(paper)).values()) == count == len(published.read(paper))


def test_a_run_says_what_changed_since():
    run = about()
    parts = ser2022.extractors()
    assert recorded.stale(run, parts) == ""
    assert recorded.stale(run | {"code": "other"}, parts) == "code of the study"
    assert "torch 1.0 then" in recorded.stale(run | {"versions": run["versions"] | {"torch": "1.0"}}, parts)
    assert recorded.stale(run | {"parts": run["parts"] | {"gender": "other"}}, parts) == "gender extractor"


@pytest.mark.parametrize(
    ("table", "row", "column", "place"),
    [
        ("Table 3", ROW, "F1-macro", Place(ROW, "macro_f1_cv5_mean", 0.8234)),
        ("Table 5c", "true N", "predicted F", Place(ser2022.SELECTED[2], "share_0_1", 18 / 95, fold=0)),
        ("Table 5a", "true M", "predicted M", Place(ser2022.SELECTED[0], "share_2_2", 87 / 99, fold=0)),
        ("Text", "gender classifier (gradient boosting)", "CETUC", Place(numbers.BOOSTING, "accuracy_cv5_mean", 94.1)),
        ("Text", "gender classifier (gradient boosting)", "MLS with noise", Place(numbers.ELSEWHERE, "accuracy_cv5_mean", 90.8)),
    ],
)
def test_a_printed_result_has_its_place(table, row, column, place):
    printed = [each for each in published.read(PAPER) if (each.row, each.column) == (row, column) and each.table.startswith(table)]
    assert [numbers.place(each) for each in printed] == [place]


def test_table_5_stands_beside_the_first_fold_as_published_and_all_folds_clean(made):
    trials, outcomes = made
    renamed = [replace(trial, row=ser2022.SELECTED[2]) for trial in trials]
    ledger = Ledger(PAPER, runs=frames(renamed, outcomes))
    number = next(each for each in ledger.printed if each.table.startswith("Table 5c") and each.row == "true N")
    for protocol, folds in (("as-published", {0}), ("clean", set(range(5)))):
        shares = []
        for trial, each in zip(trials, outcomes, strict=True):
            true, predicted = each["pairs"]
            if trial.protocol == protocol and trial.fold in folds:
                shares.append((predicted[true == 0] == 0).mean())
        assert ledger.beside(number, protocol=protocol).value == pytest.approx(np.mean(shares))
    title, matrix = numbers.confusions(ledger, ser2022.SELECTED[2])[1]
    assert title == "ours, as-published"
    assert np.allclose(matrix.sum(1), 1)


def test_a_row_on_another_encoder_is_substituted_whatever_it_scores(made):
    trials, outcomes = made
    renamed = [replace(trial, row=ser2022.SELECTED[1], encoder="toy") for trial in trials]
    ledger = Ledger(PAPER, runs=frames(renamed, outcomes))
    number = next(each for each in ledger.printed if each.row == ser2022.SELECTED[1])
    word, reason = ledger.verdict(number)
    assert (word, "embeddings of toy in place of wav2vec 2.0's" in reason) == ("substituted", True)
    assert ledger.inputs(ser2022.SELECTED[1]) == "toy, 16 values"
    assert ledger.inputs(ROW) == ""


@pytest.mark.parametrize("number", [each for each in published.read(PAPER) if "change gender" in each.row or "network" in each.row])
def test_settings_and_counts_are_never_results(number):
    assert Ledger(PAPER).verdict(number)[0] in ("setting", "measured")


def test_a_control_is_compared_with_its_row_seed_by_seed(made):
    trials, outcomes = made
    controls = [replace(trial, control="no gender branch") for trial in trials]
    ledger = Ledger(PAPER, runs=frames([*trials, *controls], [*outcomes, *outcomes]))
    assert ledger.controls() == [(ROW, "as-run", "no gender branch")]
    same = ledger.above(ROW, "macro_f1_cv5_mean", variant="as-run", control="no gender branch")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert ledger.above(ROW, "macro_f1_cv5_mean", variant="as-described", control="no gender branch") is None


def test_claims_follow_the_recorded_runs(made):
    ledger = Ledger(PAPER, runs=frames(*made))
    names = [claim.name for claim in statements.CLAIMS]
    assert names == [f"A{number}" for number in range(1, 14)]
    for claim, judgement in claims.judged(ledger, statements.CLAIMS):
        assert {judgement.published, judgement.clean} <= set(claims.MARKS), claim.name
        assert judgement.reason


def test_an_order_is_judged_by_the_interval_of_the_difference(made):
    trials, outcomes = made
    other = "(2) Multi-task all prosodic + SMOTE + CG"
    generator = np.random.default_rng(1)
    both = trials + [replace(trial, row=other) for trial in trials]
    runs = frames(both, outcomes + [outcome(generator, 0.3) for _ in trials])
    ledger = Ledger(PAPER, runs=runs)
    published_mark, clean_mark = (
        claims.greater(ledger, [(ROW, other)], metric="macro_f1_cv5_mean", protocol=protocol)[0][0]
        for protocol in ser2022.PROTOCOLS
    )
    assert (published_mark, clean_mark) == ("holds", "inconclusive")
    assert claims.greater(ledger, [(other, ROW)], metric="macro_f1_cv5_mean", protocol="as-published")[0][0] == "fails"
    assert claims.greater(ledger, [(ROW, "none")], metric="macro_f1_cv5_mean", protocol="clean")[0][0] == "not run"


def test_a_claim_that_the_paper_contradicts_says_so(tmp_path):
    shutil.copytree(published.FOLDER, tmp_path / "published")
    path = tmp_path / "published" / f"{PAPER}.csv"
    path.write_text(
        path.read_text().replace(
            "(9) Multi-task 8 prosodic + SMOTE + CG,F1-macro,macro_f1_cv5_mean,0.7917",
            "(9) Multi-task 8 prosodic + SMOTE + CG,F1-macro,macro_f1_cv5_mean,0.9917",
        )
    )
    ledger = Ledger(PAPER, published_folder=tmp_path / "published")
    found = {claim.name: judgement for claim, judgement in claims.judged(ledger, statements.CLAIMS)}
    assert found["A7"].printed is False
    assert found["A7"].reason.startswith("contradicted by the paper's own numbers")


def test_every_printed_metric_of_a_table_has_a_measure():
    metrics = {
        number.metric for number in published.read(PAPER) if number.table in ser2022.TABLES and "submission" not in number.row
    }
    assert metrics <= set(MEASURES)


def test_a_note_gives_what_the_notebooks_display():
    notes = {(number.row, number.column): Ledger(PAPER).numbers.note(number) for number in published.read(PAPER)}
    assert notes["(5) Seq. 19 prosodic + SMOTE + CG", "Accuracy"] == (
        "the authors' notebook displays 61.9732; the paper repeats the loss in the accuracy column"
    )
    assert notes["(8) Multi-task 19 prosodic + SMOTE - CG", "F1-macro"] == "the authors' notebook displays 0.7628"
    assert notes["(9) Multi-task 8 prosodic + SMOTE + CG", "F1-macro"] == ""
    assert sum(bool(note) for (_, column), note in notes.items() if column == "F1-macro") == 8


def test_copies_of_few_files_are_never_recorded(tmp_path):
    paths = [tmp_path / f"{number}.wav" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number % 4]))
    with pytest.raises(ValueError, match="10 files with 4 contents; expected nearly as many"):
        recording.refuse_copies(paths)
    recording.refuse_copies(paths[:7])
    recording.refuse_copies(paths[:4] * 5)  # one file, read for many trainings, is no copy
