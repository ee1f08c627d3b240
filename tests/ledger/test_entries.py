"""The ledger: ours never comes from the printed numbers, what is recorded is read back, what changed is told."""

import shutil
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from sercore import papers, store
from sercore.evaluation import estimates
from sercore.evaluation.estimates import Estimate
from sercore.evaluation.scores import F1, MEASURES
from sercore.ledger import claims, recorded, recording
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED, Place, read_printed
from sercore.papers.alves2022 import claims as statements
from sercore.papers.alves2022 import numbers, study
from sercore.papers.alves2022.trial import TABLES, Trial

PAPER = study.NAME
ROW = "(3) Multi-task all prosodic + SMOTE - CG"


def outcome(generator: np.random.Generator, right: float) -> dict:
    """Forty clips in ten recordings, predicted right with this probability."""
    true = generator.integers(0, 3, 40)
    predicted = np.where(generator.random(40) < right, true, generator.integers(0, 3, 40))
    counts = (
        pd.Series(
            1,
            index=pd.MultiIndex.from_arrays([[f"r{at % 10}" for at in range(40)], true, predicted]),
        )
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
        for protocol in study.PROTOCOLS
        for seed in range(5)
        for fold in range(5)
    ]
    return trials, [
        outcome(generator, 0.8 if trial.protocol == "as-published" else 0.3) for trial in trials
    ]


def about() -> dict:
    key = store.key(settings={}, manifest=[], modules=study.run.__module__)
    return recorded.provenance(
        edition="open",
        corpora=["coraa-ser"],
        keys=[key],
        parts=study.extractors(),
        study=study.STUDY,
        method=study.METHODS["emotion"],
        device="cpu",
        encoders={"toy": 16},
    )


def frames(trials, outcomes, **more) -> recorded.Recorded:
    plain = [{name: value for name, value in each.items() if name != "pairs"} for each in outcomes]
    return recorded.frames("open, emotion", about(), trials, ["k"] * len(trials), plain, **more)


def test_a_value_is_the_mean_over_folds_and_seeds_of_scikit_learns_score(made):
    trials, outcomes = made
    cell = Ledger(papers.named(PAPER), runs=frames(*made)).cell(ROW, F1, protocol="as-published")
    scores = [
        f1_score(*each["pairs"], average="macro")
        for trial, each in zip(trials, outcomes, strict=True)
        if trial.protocol == "as-published"
    ]
    assert cell.value == pytest.approx(np.mean(scores))
    assert (cell.seeds, cell.groups) == (5, 10)
    assert cell.low < cell.value < cell.high
    assert cell.run_low < cell.value < cell.run_high
    assert (cell.folds, cell.unfinished, cell.one_fold, cell.doubt) == (5, "", False, "")


def test_errors_are_read_as_what_they_are(made):
    ledger = Ledger(papers.named(PAPER), runs=frames(*made))
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
    recorded.write(
        PAPER, lambda start: frames(trials[:3], again, start=start), names, folder=tmp_path
    )
    second = recorded.read(PAPER, folder=tmp_path)
    assert len(second.trials) == 50
    assert sorted(second.trials["head_mse"])[-3:] == [0.2] * 3
    assert second.trials["trial"].is_unique
    assert (
        set(second.counts["trial"])
        == set(second.trials["trial"])
        == set(second.parts["errors"]["trial"])
    )
    assert len(second.parts["notes"]) == 0
    one, two = (Ledger(papers.named(PAPER), runs=each).cell(ROW, F1) for each in (first, second))
    assert one.value == pytest.approx(two.value)


def test_trials_with_a_setting_of_their_own_join_those_without(made, tmp_path):
    trials, outcomes = made
    recorded.write(
        PAPER, lambda start: frames(*made, start=start), list(asdict(trials[0])), folder=tmp_path
    )

    @dataclass(frozen=True, kw_only=True)
    class Wider(type(trials[0])):
        more: str = "x"

    wide = [Wider(**asdict(trial)) for trial in trials[:2]]
    for _ in range(2):  # the second time each replaces itself
        recorded.write(
            PAPER,
            lambda start: frames(wide, outcomes[:2], start=start),
            list(asdict(wide[0])),
            folder=tmp_path,
        )
    table = recorded.read(PAPER, folder=tmp_path).trials
    assert len(table) == 52
    assert table["more"].notna().sum() == 2


def test_changed_print_changes_no_value_of_ours(made, tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{PAPER}.csv"
    table = pd.read_csv(path, dtype={"fold": "Int64"})
    table["value"] = table["value"] * 1.5 + 1
    table.to_csv(path, index=False)
    runs = frames(*made)
    before, after = (
        Ledger(papers.named(PAPER), runs=runs).entries(),
        Ledger(papers.named(PAPER), runs=runs, published_folder=tmp_path / "published").entries(),
    )
    names = ("row", "metric", "value", "low", "high", "run_low", "run_high")
    ours = [[tuple(each[name] for name in names) for each in side] for side in (before, after)]
    assert ours[0] == ours[1]
    assert [each["published"] for each in before] != [each["published"] for each in after]


def test_a_run_says_what_changed_since(made):
    run = about()
    assert recorded.stale("open, emotion", run, study.METHODS) == ""
    assert recorded.stale("open, emotion", run, {"emotion": 2}) == "method 1 then, 2 now"
    assert (
        recorded.stale("open (2), emotion", run | {"method": 2}, {"emotion": 1})
        == "method 2 then, 1 now"
    )
    assert (
        recorded.stale("open, gender", run | {"method": 3}, study.METHODS) == "method 3 then, 1 now"
    )


def test_other_versions_of_libraries_make_nothing_stale():
    run = about()
    assert (
        recorded.stale(
            "open, emotion",
            run | {"versions": {"torch": "1.0"}, "parts": {"gender": "other"}},
            study.METHODS,
        )
        == ""
    )


@pytest.mark.parametrize(
    ("table", "row", "column", "place"),
    [
        ("Table 3", ROW, "F1-macro", Place(ROW, F1, 0.8234)),
        (
            "Table 5c",
            "true N",
            "predicted F",
            Place(study.SELECTED[2], "share_0_1", 18 / 95, fold=0),
        ),
        (
            "Table 5a",
            "true M",
            "predicted M",
            Place(study.SELECTED[0], "share_2_2", 87 / 99, fold=0),
        ),
        (
            "Text",
            "gender classifier (gradient boosting)",
            "CETUC",
            Place(numbers.BOOSTING, "accuracy_cv5_mean", 94.1),
        ),
        (
            "Text",
            "gender classifier (gradient boosting)",
            "MLS with noise",
            Place(numbers.COMMON_VOICE, "accuracy_cv5_mean", 90.8),
        ),
    ],
)
def test_a_printed_result_has_its_place(table, row, column, place):
    printed = [
        each
        for each in read_printed(PAPER)
        if (each.row, each.column) == (row, column) and each.table.startswith(table)
    ]
    assert [papers.named(PAPER).place(each) for each in printed] == [place]


def test_table_5_stands_beside_the_first_fold_as_published_and_all_folds_clean(made):
    trials, outcomes = made
    renamed = [replace(trial, row=study.SELECTED[2]) for trial in trials]
    ledger = Ledger(papers.named(PAPER), runs=frames(renamed, outcomes))
    number = next(
        each
        for each in ledger.printed
        if each.table.startswith("Table 5c") and each.row == "true N"
    )
    for protocol, folds in (("as-published", {0}), ("clean", set(range(5)))):
        shares = []
        for trial, each in zip(trials, outcomes, strict=True):
            true, predicted = each["pairs"]
            if trial.protocol == protocol and trial.fold in folds:
                shares.append((predicted[true == 0] == 0).mean())
        assert ledger.beside(number, protocol=protocol).value == pytest.approx(np.mean(shares))
    title, matrix = numbers.confusions(ledger, study.SELECTED[2])[1]
    assert title == "ours, as-published"
    assert np.allclose(matrix.sum(1), 1)


def test_a_row_on_another_encoder_is_substituted_whatever_it_scores(made):
    trials, outcomes = made
    renamed = [replace(trial, row=study.SELECTED[1], encoder="toy") for trial in trials]
    ledger = Ledger(papers.named(PAPER), runs=frames(renamed, outcomes))
    number = next(each for each in ledger.printed if each.row == study.SELECTED[1])
    word, reason = ledger.verdict(number)
    assert (word, "embeddings of toy in place of wav2vec 2.0's" in reason) == ("substituted", True)
    assert ledger.inputs(study.SELECTED[1]) == "toy, 16 values"
    assert ledger.inputs(ROW) == ""


@pytest.mark.parametrize(
    "number",
    [each for each in read_printed(PAPER) if "change gender" in each.row or "network" in each.row],
)
def test_settings_and_counts_are_never_results(number):
    assert Ledger(papers.named(PAPER)).verdict(number)[0] in ("setting", "measured")


def test_a_control_is_compared_with_its_row_on_the_seeds_that_both_have(made):
    trials, outcomes = made
    controls = [replace(trial, control="no gender branch") for trial in trials if trial.seed != 3]
    answers = [each for trial, each in zip(trials, outcomes, strict=True) if trial.seed != 3]
    ledger = Ledger(papers.named(PAPER), runs=frames([*trials, *controls], [*outcomes, *answers]))
    assert ledger.controls() == [(ROW, "as-run", "no gender branch")]
    same = ledger.above(ROW, F1, variant="as-run", control="no gender branch")
    assert same.by_seed == (0,) * 4  # on the seeds that both have
    assert same.low < same.value == 0 < same.high  # seeds are drawn for each training by itself
    assert estimates.signs([same])[0] == "inconclusive"
    assert ledger.above(ROW, F1, variant="as-described", control="no gender branch") is None


def test_claims_follow_the_recorded_runs(made):
    ledger = Ledger(papers.named(PAPER), runs=frames(*made))
    names = [claim.name for claim in statements.CLAIMS]
    assert names == [f"A{number}" for number in range(1, 14)]
    for claim, judgement in claims.judged(ledger, statements.CLAIMS):
        assert {judgement.published, judgement.clean} <= set(claims.MARKS), claim.name
        assert judgement.reason


def greater(
    ledger: Ledger, pairs: list[tuple[str, str]], *, protocol: str
) -> list[tuple[str, claims.Gap]]:
    """Mark and gap of "the first row of each pair scores higher", judged together."""
    reading = claims.Reading("", protocol, "as-run")
    differences = [reading.gap(ledger, *pair, F1) for pair in pairs]
    return list(zip(claims.marks(differences), differences, strict=True))


def test_an_order_is_judged_by_the_interval_of_the_difference(made):
    trials, outcomes = made
    other = "(2) Multi-task all prosodic + SMOTE + CG"
    generator = np.random.default_rng(1)
    both = trials + [replace(trial, row=other) for trial in trials]
    runs = frames(both, outcomes + [outcome(generator, 0.3) for _ in trials])
    ledger = Ledger(papers.named(PAPER), runs=runs)
    published_mark, clean_mark = (
        greater(ledger, [(ROW, other)], protocol=protocol)[0][0] for protocol in study.PROTOCOLS
    )
    assert (published_mark, clean_mark) == ("holds", "inconclusive")
    assert greater(ledger, [(other, ROW)], protocol="as-published")[0][0] == "fails"
    assert greater(ledger, [(ROW, "none")], protocol="clean") == [("not run", claims.Gap(""))]


@pytest.mark.parametrize(
    ("seeds", "folds", "epochs", "told"),
    [
        (5, 5, 300, ""),
        (4, 5, 300, "4 seeds, and a sign needs 5"),
        (5, 1, 300, "one fold of several was run"),
        (5, 5, 299, "unfinished: 299 of the printed 300 epochs"),
    ],
)
def test_no_sign_is_given_on_few_seeds_one_fold_or_an_unfinished_training(
    made, seeds, folds, epochs, told
):
    trials, outcomes = made
    other = "(2) Multi-task all prosodic + SMOTE + CG"
    generator = np.random.default_rng(1)
    chosen = [at for at, trial in enumerate(trials) if trial.seed < seeds and trial.fold < folds]
    both = [trials[at] for at in chosen] + [
        replace(trials[at], row=other, epochs=epochs) for at in chosen
    ]
    ledger = Ledger(
        papers.named(PAPER),
        runs=frames(
            both, [outcomes[at] for at in chosen] + [outcome(generator, 0.3) for _ in chosen]
        ),
    )
    ((mark, gap),) = greater(ledger, [(ROW, other)], protocol="as-published")
    assert (mark, gap.doubt) == ("inconclusive" if told else "holds", told)
    assert gap.value > 0.2
    number = next(each for each in ledger.printed if each.row == other and each.metric == F1)
    word, reason = ledger.verdict(number)
    assert (word == "inconclusive") == bool(told)
    assert ("299 of the printed 300" in reason) == (epochs == 299)
    rows = [each for each in ledger.entries() if each["row"] == other and each["metric"] == F1]
    assert {each["unfinished"] for each in rows} == {told if epochs == 299 else ""}


def test_differences_of_one_claim_are_judged_together(made, monkeypatch):
    trials, outcomes = made
    names = [row for row in study.ROWS if row != ROW][:2]
    runs = frames(
        trials + [replace(trial, row=name) for name in names for trial in trials], outcomes * 3
    )
    pairs, ledger = [(ROW, name) for name in names], Ledger(papers.named(PAPER), runs=runs)
    for second, mark in ((0.04, "inconclusive"), (0.03, "inconclusive"), (0.01, "holds")):
        found = iter(
            [
                Estimate(value=1, low=0.1, high=2, seeds=5, by_seed=(1,) * 5, groups=9, p=p)
                for p in (0.03, second)
            ]
        )
        monkeypatch.setattr(claims, "difference", lambda *given, found=found: next(found))
        assert [each for each, _ in greater(ledger, pairs, protocol="clean")] == [mark] * 2


def test_a_claim_that_holds_as_run_alone_says_so_and_gives_the_other_reading(made):
    trials, outcomes = made
    other = "(2) Multi-task all prosodic + SMOTE + CG"
    generator = np.random.default_rng(1)
    worse = [outcome(generator, 0.3) for _ in trials]
    described = [replace(trial, variant="as-described") for trial in trials]
    both = (
        [replace(trial, row=other) for trial in trials],
        [replace(trial, row=other) for trial in described],
    )

    def judged(ledger):
        claim = claims.Claim(
            "X", "", source="", judge=claims.Ordered(pairs=[(ROW, other)], metric=F1)
        )
        ((_, judgement),) = claims.judged(ledger, [claim])
        return judgement

    found = judged(
        Ledger(
            papers.named(PAPER),
            runs=frames(
                [*trials, *both[0], *described, *both[1]], [*outcomes, *worse, *worse, *outcomes]
            ),
        )
    )
    assert (found.published, found.described) == ("holds", ("fails", "inconclusive"))
    assert found.reason.startswith(
        "holds only as run, and not as described. as-run, as-published: 1 of 1 hold, by +0."
    )
    found = judged(
        Ledger(
            papers.named(PAPER),
            runs=frames([*trials, *both[0], *described, *both[1]], [*outcomes, *worse] * 2),
        )
    )
    assert (found.published, found.described) == ("holds", ("holds", "inconclusive"))
    assert found.reason.startswith("as-run, as-published: 1 of 1 hold")
    found = judged(
        Ledger(papers.named(PAPER), runs=frames([*trials, *both[0]], [*outcomes, *worse]))
    )
    assert found.described == ("not run", "not run")


def test_every_printed_metric_of_a_table_has_a_measure():
    metrics = {
        number.metric
        for number in read_printed(PAPER)
        if number.table in TABLES and "submission" not in number.row
    }
    assert metrics <= set(MEASURES)


def test_a_note_gives_what_the_notebooks_display():
    notes = {
        (number.row, number.column): papers.named(PAPER).note(number)
        for number in read_printed(PAPER)
    }
    assert notes["(5) Seq. 19 prosodic + SMOTE + CG", "Accuracy"] == (
        "the authors' notebook displays 61.9732; the paper repeats the loss in the accuracy column"
    )
    assert (
        notes["(8) Multi-task 19 prosodic + SMOTE - CG", "F1-macro"]
        == "the authors' notebook displays 0.7628"
    )
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
