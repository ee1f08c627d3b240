"""Chapter 2's tables: printed and recorded side by side, no number from the one in the other, what one seed may not say."""

import importlib
import re
import shutil
from dataclasses import replace
from html import unescape

import pytest

from sercore import papers
from sercore.corpora import folders
from sercore.corpora.clips import Report
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.parry2022 import numbers
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import tables as chapter
from sercore.papers.parry2022.data import LANGUAGES, SUBSETS
from sercore.papers.parry2022.study import CANDIDATES, RECIPES
from tests.corpora import trees
from tests.papers.parry2022 import parry_toy
from tests.papers.parry2022.parry_book import MEASURED, ON, book, grid, switched
from tests.papers.parry2022.parry_runs import ledger, trials
from tests.table_cells import by_name, note, rows

NOTHING = Ledger(papers.named(parry.NAME), runs=recorded.read("no such paper"))


@pytest.fixture(autouse=True)
def _measured(monkeypatch):
    monkeypatch.setattr(recorded, "measurements", lambda paper: MEASURED)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: ON)
    monkeypatch.setattr(numbers, "corpora", lambda: ON)


@pytest.fixture(scope="module")
def full() -> Ledger:
    return book([*grid(), *switched()])


def test_table_2_has_print_and_ours_and_what_lies_between_with_its_seeds(full):
    found = by_name(chapter.single(full))
    assert len(found) == 13
    assert found["baseline"][:3] == ["49.48", "41.00 ± 1.00  [3 seeds]", "–"]
    assert found["MTL C"][:3] == ["48.90", "46.00 ± 1.00  [3 seeds]", "+5.00"]
    assert {row[3].split("  ")[0] for row in found.values()} == {"substituted"}
    assert found["GR C"][2] == "-2.00"
    assert chapter.UNJUDGED in chapter.single(full).data
    assert found["AD G"][1] == "44.00 ± 0.00  [3 seeds, collapsed]"


def test_table_3_has_all_eleven_sets_and_one_seed_has_no_spread(full):
    found = by_name(chapter.several(full))
    assert set(found) == {
        "baseline",
        *(f"{way} {name}" for way in ("MTL", "GR", "AD") for name in SUBSETS if "+" in name),
    }
    assert found["MTL S+G"][:3] == ["34.77", "42.00  [1 seed]", "+1.00"]
    assert found["GR C+S"][3] == "–"
    assert {found[f"GR {name}"][0] for name in ("C+S", "C+G", "C+L", "C+S+G", "S+G+L")} == {"–"}
    assert {row[1].split("  ")[1] for name, row in found.items() if name != "baseline"} == {
        "[1 seed]"
    }
    assert chapter.UNJUDGED in chapter.several(full).data


@pytest.mark.parametrize("on", ["TESS", "in-domain test"])
def test_no_printed_number_moves_ours(full, tmp_path, on):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{parry.NAME}.csv"
    path.write_text(re.sub(r",ua,[\d.]+,", ",ua,12.34,", path.read_text()))
    altered = Ledger(
        papers.named(parry.NAME), runs=full.recorded, published_folder=tmp_path / "published"
    )
    for make in (chapter.single, chapter.several):
        before, after = by_name(make(full, on=on)), by_name(make(altered, on=on))
        assert [row[1:3] for row in before.values()] == [row[1:3] for row in after.values()]
        assert {row[0] for row in after.values()} <= {"12.34", "–"}
        assert not [row for row in before.values() if row[0] in row[1]]
    assert chapter.per_class(full).data == chapter.per_class(altered).data


def test_the_quoted_baseline_and_what_is_not_there_are_said(full):
    assert "2019" in chapter.single(full).data
    table = chapter.single(full, on="CREMA-D")
    assert "2019" not in table.data
    assert {row[1].split("  ")[0] for row in by_name(table).values()} == {"not run"}
    assert "ours" not in table.data


def test_a_model_that_is_neither_printed_nor_run_has_no_row(full):
    printed = {"S+G", "S+L", "G+L", "C+G+L", "C+S+L", "C+S+G+L"}
    shown = {row.partition(" ")[2] for row in by_name(chapter.several(full, on="CREMA-D"))}
    assert shown == printed | {""}


def test_nothing_is_set_above_a_collapsed_baseline():
    found = by_name(chapter.single(book(found=lambda trial, corpus: [900, 10, 300])))
    assert found["MTL C"][2] == "–  [baseline collapsed]"


def test_a_collapse_of_some_seeds_is_counted():
    def found(trial, corpus):
        return [900, 10 if trial.seed == 1 else 300, 300]

    told = by_name(chapter.single(book(found=found)))["MTL C"][1]
    assert told.endswith("[3 seeds, collapsed in 1]")


def test_where_corpus_and_language_are_one_label_one_training_stands_in_both_rows(
    full, monkeypatch
):
    monkeypatch.setattr(numbers, "one_label", lambda: True)
    found = by_name(chapter.single(full))
    assert found["MTL L = C"][1:3] == found["MTL C"][1:3]
    assert found["MTL L = C"][0] == "54.73"


def test_this_pages_own_values_stand_apart_and_are_named(full):
    own = book(trials(only="baseline"), views=(), recipe=())
    assert chapter.places(own) == {
        "tess": ("tess",),
        "in-domain test": ("emovo", "ravdess", "savee"),
    }
    assert "this page's own run" in unescape(chapter.here(own).data)
    assert "own run" not in chapter.single(full).data
    assert rows(chapter.here(own)) == [
        ["baseline", "as-described", "", "40.00  [1 seed]", "55.00  [1 seed]"]
    ]
    assert rows(chapter.here(NOTHING)) == [["not recorded yet"]]


def test_another_unseen_corpus_has_a_column_of_its_own():
    own = book(trials(only="baseline"), views=(), recipe=())
    for part in ("counts", "errors", "answers"):
        own.recorded.parts[part]["group"] = own.recorded.parts[part]["group"].str.replace(
            "tess", "demo-conversa"
        )
    assert chapter.places(own)["demo-conversa"] == ("demo-conversa",)
    assert "demo-conversa" in chapter.here(own).data


def test_recalls_are_of_each_class_and_a_collapsed_one_is_marked(full):
    found = by_name(chapter.per_class(full))
    assert found["AD G"] == ["3", "90.0", "2.0  [collapsed]", "40.0", "55.0", "55.0", "55.0"]
    assert found["baseline"][1:4] == ["41.0"] * 3


def test_each_speaker_has_an_interval_over_words_and_surprise_is_apart(full):
    table = chapter.each_speaker(full)
    assert "for these two speakers" in table.data
    found = by_name(table)["baseline"]
    assert found[0] == "41.00 ± 1.00  [3 seeds]"
    for shown, expected in ((found[1], (66.67, 33.33, 100)), (found[2], (83.33, 66.67, 100))):
        assert [float(each) for each in re.findall(r"[\d.]+", shown)[:3]] == pytest.approx(
            expected, abs=0.05
        )
    assert found[3] == "51.00 ± 1.00  [3 seeds]"


def test_other_classes_of_surprise_and_calm_are_told_with_their_seeds(full):
    found = {(row[0], row[1]): row[2:] for row in rows(chapter.switches(full))}
    assert len(found) == 2 * (1 + 4)
    assert found["baseline", "as in the tables"][0] == "41.00 ± 1.00  [3 seeds]"
    assert found["GR C", "surprise left out"] == [
        "42.00  [1 seed]", "52.00  [1 seed]", "55.00  [1 seed]", "+4.00  [1 seed]",
    ]  # fmt: skip
    assert chapter.UNJUDGED in chapter.switches(full).data


def test_discriminators_are_told_with_the_entropy_of_their_labels(full):
    found = {row[1]: row[2:] for row in rows(chapter.readings(full))}
    assert list(found) == ["as-described", "fixed", "on-representation"]
    assert found["fixed"] == ["42.00  [1 seed]", "55.00  [1 seed]", "2.000", "1.050"]


def test_trainings_and_probes_are_told(full):
    found = {(row[0], row[1]): row[2:] for row in rows(chapter.trainings(full))}
    assert found["GR C", "as-described"] == [
        "3", "0.25", "61.00", "0.710", "0.990", "113", "3", "3",
    ]  # fmt: skip
    told = "run, of a cap of: 4 of 30; ended by: all 4 epochs"
    assert note(chapter.trainings(full)) == told
    assert ("GR C", "as-described, alpha 0.25") in found
    assert rows(chapter.probes(full))[:2] == [
        ["baseline", "corpus", "0.900", "0.330", "+0.400", "1"],
        ["baseline", "gender", "0.700", "0.500", "+0.100", "1"],
    ]


def test_the_recipe_that_was_chosen_is_marked_and_no_unseen_corpus_chose(full):
    table = chapter.recipes(full)
    recipe = RECIPES["published"]
    chosen = [recipe.initialisation, f"{recipe.rate:g}", str(recipe.batch)]
    assert [row[:3] for row in rows(table) if row[-1] == "chosen"] == [chosen]
    assert len(rows(table)) == len(CANDIDATES)
    assert "chosen by UA on the validation speakers" in table.data


@pytest.mark.parametrize(
    "make",
    [
        chapter.per_class, chapter.each_speaker, chapter.switches, chapter.readings, chapter.trainings, chapter.recipes,
        chapter.probes,
    ],
)  # fmt: skip
def test_an_empty_ledger_says_so(make):
    assert "not recorded yet" in make(NOTHING).data
    assert by_name(chapter.single(NOTHING))["MTL C"][0] == "48.90"


def test_classes_are_those_of_the_map_and_inferred_ones_are_marked():
    found = by_name(chapter.classes_map())
    assert found["surprise"][1:] == ["positive", "ours, a switch"]
    assert {name for name, row in found.items() if row[-1] == "ours, a switch"} == {
        "boredom",
        "calm",
        "surprise",
    }
    assert {name for name, row in found.items() if row[-1].startswith("printed")} == {
        "anger", "disgust", "fear", "happiness", "neutral", "sadness",
    }  # fmt: skip
    assert found["undecided"][1] == "left out"


def test_corpora_have_measured_beside_printed():
    found = by_name(chapter.corpora(NOTHING))
    assert found["TESS"] == ["unseen", "en-CA", "2", "2", "2", "0", "800", "1.60", "1.60"]
    assert found["CREMA-D"][:4] == ["unseen, not at hand", "en-US", "91", "–"]
    assert found["training"][-2:] == ["11.75", "1.96"]


@pytest.mark.parametrize("name", LANGUAGES)
def test_languages_are_those_of_the_loaders(name, tmp_path):
    if name == "iemocap":
        clip = "Ses01F_impro01_F000"
        trees.plant(trees.iemocap(tmp_path / name, {clip: "hap"}), [trees.iemocap_place(clip)])
    else:
        trees.plant(tmp_path / name, getattr(trees, name.replace("-", ""))()[:2])
    table = (
        importlib.import_module(f"sercore.corpora.{folders.LOADERS[name]}")
        .read(tmp_path / name)
        .table
    )
    assert set(table["language"]) == {LANGUAGES[name]}


def test_information_is_a_square_of_what_was_measured():
    found = by_name(chapter.information())
    assert found["corpus"] == ["0.750", "0.500", "0.500", "0.500"]  # none with the language


def test_a_model_is_set_above_the_mean_of_the_baselines_seeds_whatever_its_own():
    pair = [trial for trial in trials(seeds=2) if trial.row.name in ("baseline", "MTL C")]
    found = by_name(chapter.single(ledger(pair)))["MTL C"]
    assert found[1:3] == ["50.00 ± 0.00  [2 seeds]", "+0.00"]
    apart = [trial for trial in pair if trial.seed == 1 or trial.row.name == "baseline"]
    swinging = ledger(apart, lambda trial, corpus: 400 + 100 * trial.seed)
    assert by_name(chapter.single(swinging))["MTL C"][1:3] == ["50.00  [1 seed]", "+5.00"]
    assert "shown, not judged" in chapter.single(swinging).data


def test_what_a_pages_own_data_lack_is_told():
    found = parry_toy.data()
    assert chapter.left_out(found).data == ""
    one = found.table.assign(gender="female", language="en-GB")
    told = str(
        chapter.left_out(
            replace(found, table=one, reports=(Report("my", 6, ("row 7: no emotion",)),))
        ).data
    )
    assert "row 7: no emotion" in told
    assert "gender: of" in told
    assert "all are female" in told
    twin = found.table.assign(language=found.table["corpus"])
    assert "which stands for it" in str(chapter.left_out(replace(found, table=twin)).data)
