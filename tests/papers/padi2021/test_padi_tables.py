"""Chapter 4's tables: printed and recorded side by side, no number from the one in the other, what one seed may not say."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sercore import papers
from sercore.augment import policies
from sercore.corpora.clips import Report
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.padi2021 import numbers, tables
from tests.papers.padi2021 import padi_runs, padi_toy
from tests.papers.padi2021.padi_runs import EIGHT, MEASURED, encoded, ledger, trials
from tests.table_cells import heads, note, rows

NOTHING = ledger([])
RECALLS = {"000": 30, "111": 70}


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> dict:
    """What was measured, which a test fills; nothing at first."""
    return padi_runs.measured(monkeypatch)


def right(trial, speaker):
    """Of a hundred: by system, three more or less by speaker."""
    cell = getattr(trial.row, "cell", "001")  # the encoder's rows are no cells of the grid
    return [RECALLS.get(cell, 50) + sum(map(ord, speaker)) % 4 + trial.seed, 40, 60, 55]


@pytest.fixture(scope="module")
def full() -> Ledger:
    """The grid at full width on five seeds, at half width on one, changed inputs, the pretrained encoder, a control."""
    whole = {"folds": 2, "epochs": 20}
    given = trials(EIGHT, seeds=5, protocols=("speakers-apart", "clips"), **whole)
    given += trials(EIGHT[:3], seeds=1, folds=1, size="narrow", epochs=6)
    given += trials(["111, conversation"], seeds=5, **whole) + trials(["111, energy"], **whole)
    given += trials(["111"], folds=1, control="labels shuffled", epochs=20)
    controlled = encoded("CAM++ 01", folds=2, control="labels shuffled")
    return ledger(given, right, encoder=[*encoded("CAM++ 01", folds=2), *controlled], speakers=True)


def test_policies_have_ours_from_the_object_and_the_cap(monkeypatch):
    found = {row[0]: row[1:] for row in rows(tables.policies(NOTHING))}
    assert found["None"][:4] == ["0", "0", "0", "0"]
    assert found["Conservative"] == [
        "15",
        "15",
        "50",
        "50",
        "0.2",
        "0.2",
        "2",
        "2",
        "2",
        "2",
        "30",
        "40",
        "50",
        "50",
    ]
    assert found["Aggressive"][-4:] == ["30", "40", "50", "60"]
    monkeypatch.setitem(policies.POLICIES, "aggressive", policies.Policy(bands=20, frames=20))
    found = {row[0]: row[1:] for row in rows(tables.policies(NOTHING))}
    assert found["Aggressive"][:4] == ["27", "20", "70", "20"]
    assert found["Aggressive"][-4:] == ["20"] * 4


def test_classes_are_measured_on_iemocap_or_beside_it_on_another(measured):
    found = rows(tables.classes(NOTHING))
    assert len(found) == 15
    assert found[0] == ["Exp 1", "Angry", "1,103", "–  IEMOCAP is not at hand"]
    measured |= {
        "exp1 / angry / clips": 192,
        "exp3 / angry / clips": 192,
        "corpora": ("emovo", "ravdess"),
    }
    table = tables.classes(NOTHING)
    assert "RAVDESS" in heads(table)
    found = {tuple(row[:2]): row[2:] for row in rows(table)}
    assert found["Exp 1", "Angry"] == ["1,103", "–  IEMOCAP is not at hand", "192"]
    assert found["Exp 3", "Angry"][-1] == "–"
    measured |= MEASURED | {"corpora": ("iemocap", "voxceleb")}
    found = {tuple(row[:2]): row[2:] for row in rows(tables.classes(NOTHING))}
    assert found["Exp 3", "Excited+Happy"] == ["1,636", "1,636  agrees"]


def test_speaker_recognisers_are_told_beside_the_untrained_one(full, tmp_path):
    (found,) = rows(tables.speakers(full))
    assert found == [
        "EMOVO", "both, statistics", "full width", "0", "8", "730", "20", "460", "99.0", "31.00", "42.00", "500",
    ]  # fmt: skip
    recorded.write(numbers.NAME, lambda start: full.recorded, ["seed"], folder=tmp_path)
    again = Ledger(papers.named(numbers.NAME), runs=recorded.read(numbers.NAME, folder=tmp_path))
    assert rows(tables.speakers(again)) == [found]


def test_table_3_has_every_printed_row_and_the_analogue_beside_it(full):
    table = tables.results(full)
    found = rows(table)
    assert len(found) == 4 + 1 + 3 + 1 + 6 + 1
    ours = [row for row in found if row[1] == "Proposed"]
    assert [row[2:4] for row in ours] == [
        ["66.02", "61.61"],
        ["65.62", "65.56"],
        ["63.61", "64.14"],
    ]
    assert {row[6] for row in ours} == {"not run  IEMOCAP is not at hand"}
    assert ours[0][5].startswith("57.15")
    assert {cell for row in found if row != ours[0] for cell in row[4:6]} == {"–"}
    assert [row[2:4] for row in found if row[1].endswith("[26]")] == [["56.10", "–"]]
    told = " ".join(heads(table))
    assert "RAVDESS, an analogue of exp1" in told
    assert "ours, IEMOCAP" not in told


def test_iemocap_stands_in_its_own_columns_with_its_verdict():
    given = trials(["111"], seeds=5, edition="paper", epochs=20, experiments=("exp1", "exp2"))
    book = ledger(given, lambda trial, speaker: 60 + 2 * trial.seed, corpus="iemocap")
    found = [row for row in rows(tables.results(book)) if row[1] == "Proposed"]
    assert found[0][5].startswith("64.00")
    assert "reproduced" in found[0][6]
    assert found[2][4:6] == ["–", "–"]


@pytest.mark.parametrize(
    "make", [tables.folds, tables.per_class, tables.grid, tables.effects, tables.encoder]
)
def test_no_printed_number_moves_ours(full, tmp_path, make):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{numbers.NAME}.csv"
    path.write_text(re.sub(r",[\d.]+,%", ",12.34,%", path.read_text()))
    other = Ledger(
        papers.named(numbers.NAME), runs=full.recorded, published_folder=tmp_path / "published"
    )
    assert make(other).data == make(full).data


def test_folds_have_their_mean_and_spread(full):
    book = ledger(trials(["111"], folds=3), lambda trial, speaker: 50 + 10 * trial.fold)
    found = rows(tables.folds(book))
    assert found == [[name, "50.00", "60.00", "70.00", "60.00", "10.00"] for name in ("WA", "UA")]
    told = note(tables.folds(ledger(trials(["111"], folds=1))))
    assert told.startswith(
        "scored: RAVDESS, an analogue of exp1; split: speakers left out; training:"
    )
    splits = [row[0] for row in rows(tables.folds(full))]
    assert set(splits) == {"speakers left out", "clips split at random"}
    assert splits[0] == "speakers left out"


def test_recalls_are_those_of_the_answers_with_the_first_wrong_one():
    book = ledger(trials(["111"]), lambda trial, speaker: [80, 40, 60, 100], wrong=(3, 2, 3, 0))
    (found,) = rows(tables.per_class(book))
    assert found[3:] == ["80.0  [sad 20%]", "40.0  [neutral 60%]", "60.0  [sad 40%]", "100.0"]


def test_the_grid_lists_each_way_of_training_apart(full):
    found = rows(tables.grid(full))
    assert len(found) == 8 + 3 + 8
    assert [row[1] for row in found] == ["speakers left out"] * 11 + ["clips split at random"] * 8
    assert [row[2] for row in found[:8]] == list(EIGHT)
    assert {tuple(row[6:10]) for row in found[:8]} == {("2", "5", "10", "400")}
    assert all("half width" in row[0] for row in found[8:11])
    assert all("full width" in row[0] for row in found[:8])
    values = {row[2]: float(row[3].split()[0]) for row in found[:8]}
    assert values["111"] - values["000"] == pytest.approx(10, abs=0.011)


def test_effects_are_of_whole_grids_and_say_what_keeps_them_from_being_judged(full):
    found = rows(tables.effects(full))
    assert [row[0] for row in found] == ["speakers left out"] * 2 + ["clips split at random"] * 2
    assert "not judged" not in tables.effects(full).data
    assert found[0][2].startswith("+2.5")  # half of it by 111, half by 000 below the rest


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"seeds": 4, "epochs": 20, "folds": 2}, "not judged: 4 seeds, and a sign needs 5"),
        ({"seeds": 5, "epochs": 20, "folds": 1}, "not judged: one fold of several was run"),
        (
            {"seeds": 5, "epochs": 8, "folds": 2},
            "not judged: unfinished: ended after 8 of 20 epochs, and the printed decay begins after 8",
        ),
    ],
)
def test_effects_of_few_seeds_of_one_fold_and_of_unfinished_trainings_are_not_judged(given, told):
    table = tables.effects(ledger(trials(EIGHT, **given), right))
    assert [row[0] for row in rows(table)] == ["WA", "UA"]
    assert note(table).endswith(f"; sign: {told}")


def test_variants_stand_beside_their_baseline_with_the_change_and_its_interval(full):
    found = {row[1]: row for row in rows(tables.variants(full, ["inputs"]))}
    assert set(found) == {"111, conversation", "111, energy"}
    assert found["111, conversation"][4] == "111"
    assert found["111, conversation"][7].startswith("+0.00")
    assert re.fullmatch(r"\+0\.00  \[[-+]\d\.\d\d,\xa0[-+]\d\.\d\d\]", found["111, energy"][7])
    assert "2 folds, 1 seed" in found["111, energy"][-1]
    assert {row[0] for row in rows(tables.variants(full))} == {"inputs"}  # finetune has no trial


def test_encoder_and_controls_have_tables_of_their_own(full):
    (found,) = rows(tables.encoder(full))
    assert found[:3] == ["speakers left out", "CAM++ 01", "last"]
    assert [row[:2] for row in rows(tables.controls(full))] == [
        ["111", "labels shuffled"],
        ["CAM++ 01", "labels shuffled"],
    ]
    assert "scored: RAVDESS, an analogue of exp1" in note(tables.controls(full))


@pytest.mark.parametrize(
    "make",
    [
        tables.folds, tables.per_class, tables.grid, tables.effects, tables.encoder, tables.controls,
        tables.variants, tables.speakers,
    ],
)  # fmt: skip
def test_an_empty_ledger_says_so(make):
    assert "not recorded yet" in make(NOTHING).data


def test_silhouettes_are_told_by_stage_and_of_one_speaker_there_is_none():
    views = trials(["111", "011"], folds=1, seeds=2)
    found = rows(tables.silhouettes(ledger([], views=views[::-1])))
    assert [(row[0], *row[2:5]) for row in found] == [
        *(
            ("011", seed, f"{when} training", "+0.100")
            for seed in "01"
            for when in ("before", "after")
        ),
        *(("111", seed, "before training", "+0.100") for seed in "01"),
    ]


def test_what_a_pages_own_data_lack_is_told():
    found = padi_toy.data()
    calm = np.where(found.targets["exp2"] == 1, -1, found.targets["exp2"])
    less = replace(
        found,
        reports=(Report("iemocap", 5561, ("5561 clips, expected 10039",)),),
        targets=found.targets | {"exp2": calm},
    )
    told = str(tables.absent(less).data)
    assert "5561 clips, expected 10039" in told
    assert "no clip that is excited" in told
