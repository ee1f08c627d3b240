"""Claims of paper 02: what its printed tables say of each, and the mark of each on planted runs."""

import shutil
from collections.abc import Callable
from functools import cache

import pytest

from sercore.ledger import claims as judging
from sercore.ledger import published, recorded
from sercore.ledger.claims import parry as claims
from sercore.ledger.claims import parry_gaps as gaps
from sercore.ledger.claims import parry_numbers as numbers
from sercore.ledger.entries import Ledger
from sercore.studies.parry_grid import GRID
from sercore.studies.parry_trial import Trial
from tests.ledger.parry_runs import PLAIN, ledger, trials

BY_NAME = {claim.name: claim for claim in claims.CLAIMS}
PRINTED = {
    **dict.fromkeys(("C1", "C2", "C3", "C5", "C7", "C10", "C11", "C12", "C13", "C14"), True),
    **dict.fromkeys(("C4", "C6", "C8", "C17", "C18"), False),
    **dict.fromkeys(("C9", "C15", "C16", "C19", "C20", "C21"), None),
}
ON_CREMA = ("C3", "C4", "C6", "C7", "C8", "C9", "C10", "C12", "C13", "C14", "C17", "C18", "C19")
BITS = {"corpus / corpus / bits": 0.75, "language / language / bits": 0.75}  # one label
Lift = Callable[[str, str, str], int]  # in thousandths over the baseline, of approach, attributes and corpus


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> dict[str, float]:
    """What was measured, which a test fills; nothing at first."""
    found: dict[str, float] = {}
    monkeypatch.setattr(recorded, "measurements", lambda paper: found)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: tuple(found.get("corpora", ())))
    return found


def judged(book: Ledger, name: str) -> judging.Judgement:
    (pair,) = judging.judged(book, [BY_NAME[name]])
    return pair[1]


def planted(lift: Lift, *, seeds: int = 5, noise: int = 0, **options) -> Ledger:
    """Models lifted over a baseline that moves with the seed by more than any of them; noise moves them alone."""

    def right(trial: Trial, corpus: str) -> int:
        moved = PLAIN + 100 * trial.seed
        if trial.approach == "baseline":
            return moved
        return moved + noise * (trial.seed - 2) + lift(trial.approach, trial.attributes, corpus)

    return ledger(trials(seeds=seeds), right, **options)


# Who is 40 thousandths above the baseline; the others are as much below.
WORLDS: dict[str, Callable[[str, str, str], bool]] = {
    "all": lambda approach, names, corpus: True,
    "but MTL": lambda approach, names, corpus: approach != "MTL",
    "but AD": lambda approach, names, corpus: approach != "AD",
    "GR": lambda approach, names, corpus: approach == "GR",
    "the six": lambda approach, names, corpus: names in claims.CONSISTENT,
    "the three": lambda approach, names, corpus: names in claims.BEST,
    "one": lambda approach, names, corpus: "+" not in names,
    "but four": lambda approach, names, corpus: names != claims.ALL,
    "gender on CREMA-D": lambda approach, names, corpus: (names == "G") == (corpus == "crema-d"),
}
# Where each claim holds; it fails where who is above is below, and the other way round.
HOLDS = {
    **dict.fromkeys(("C1", "C3", "C19"), ("all", 40)),
    **dict.fromkeys(("C2", "C8", "C11"), ("all", -40)),
    **dict.fromkeys(("C4", "C5", "C18"), ("but MTL", 40)),
    **dict.fromkeys(("C6", "C10"), ("GR", 40)),
    "C7": ("but AD", 40),
    "C9": ("the six", 40),
    "C12": ("the three", 40),
    "C13": ("gender on CREMA-D", 40),
    "C14": ("but four", 40),
    "C17": ("one", 40),
}


def lifted(name: str, lift: int) -> Lift:
    """Those whom a world names lifted by as much, the others lowered."""
    return lambda *where: lift if WORLDS[name](*where) else -lift


def scores(lift: Lift) -> gaps.Evidence:
    """What ``planted`` records on five seeds."""
    tables = []
    for seed in range(gaps.SEEDS):
        found = {}
        for on, (corpus, *_) in numbers.SCORED.items():
            for row in GRID:
                up = 0 if row.approach == "baseline" else lift(row.approach, row.attributes, corpus)
                found[on, row.name] = (PLAIN + 100 * seed + up) / 10
        tables.append(found)
    return gaps.Evidence(tuple(tables), gaps.SINGLE, gaps.SEVERAL, gaps.SEEDS)


@cache
def alike(**options) -> Ledger:
    """All models above the baseline."""
    return planted(lifted("all", 40), **options)


def test_recorded_scores_are_read_seed_by_seed():
    lift = lifted("gender on CREMA-D", 40)
    found, wanted = gaps.trained(planted(lift)), scores(lift)
    assert [dict(each) for each in found.tables] == [pytest.approx(each) for each in wanted.tables]
    assert (found.single, found.several, found.least) == (wanted.single, wanted.several, wanted.least)


def test_every_claim_is_there_once_and_in_order():
    assert [claim.name for claim in claims.CLAIMS] == [f"C{number}" for number in range(1, 22)]
    assert set(PRINTED) == set(BY_NAME)
    assert set(claims.SETTINGS) == {"C16", "C21"}


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_printed_tables_say_of_it(name):
    found = judged(ledger([]), name)
    assert found.printed is PRINTED[name]
    assert found.reason.startswith("contradicted by the paper's own numbers") == (found.printed is False)
    assert (found.published, found.clean) == ("not run", "not run")


@pytest.mark.parametrize(
    ("name", "old", "new", "mark"),
    [
        ("C4", "CREMA-D GR,Speaker,ua,47.60", "CREMA-D GR,Speaker,ua,52.00", True),
        ("C18", "CREMA-D GR,Speaker,ua,47.60", "CREMA-D GR,Speaker,ua,52.00", False),
        ("C8", "CREMA-D MTL,G+L,ua,52.26", "CREMA-D MTL,G+L,ua,52.20", True),
        ("C9", "TESS GR,S+L,ua,55.46", "TESS GR,S+L,ua,45.46", False),
        ("C1", "TESS GR,Speaker,ua,55.17", "TESS GR,Speaker,ua,57.17", False),
        ("C11", "in-domain test,GR speaker,ua,59.98", "in-domain test,GR speaker,ua,58.98", False),
    ],
)
def test_a_changed_table_changes_what_it_says(name, old, new, mark, tmp_path):
    shutil.copytree(published.FOLDER, tmp_path / "published")
    path = tmp_path / "published" / f"{numbers.PAPER}.csv"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert judged(ledger([], published_folder=tmp_path / "published"), name).printed is mark


@pytest.mark.parametrize("name", HOLDS)
def test_it_holds_or_fails_on_five_seeds_or_more(name, monkeypatch):
    where, lift = HOLDS[name]
    for sign, mark in ((1, "holds"), (-1, "fails")):
        evidence = scores(lifted(where, sign * lift))
        monkeypatch.setattr(gaps, "trained", lambda book, evidence=evidence: evidence)
        found = judged(alike(), name)
        assert (found.published, found.clean, found.printed) == (mark, mark, PRINTED[name])


@pytest.mark.parametrize("name", HOLDS)
def test_one_seed_decides_nothing_and_a_corpus_that_is_not_there_neither(name):
    found = judged(alike(seeds=1), name)
    assert found.published == "inconclusive"
    assert "rest on 1 seed, and 5 are needed" in found.reason
    assert "±" not in found.reason
    without = judged(alike(crema=False), name)
    assert ("CREMA-D is not at hand" in without.reason) == (without.published == "not run") == (name in ON_CREMA)
    assert without.printed is PRINTED[name]


def test_a_difference_smaller_than_its_spread_is_inconclusive_and_told():
    assert gaps.gap("", (1, 2, 3, 2, 2)).mark == "holds"
    assert gaps.gap("", (-1, -2, -3, -2, -2)).mark == "fails"
    assert gaps.gap("", (-1, 1, 2, -1, 1)).mark == gaps.gap("", (2, 2, 2, 2)).mark == "inconclusive"
    assert gaps.gap("", ()).mark == "not run"
    found = judged(planted(lifted("all", 40), noise=60), "C3")
    assert found.published == "inconclusive"
    assert "0 of 2 hold over 5 seeds, GR G over the baseline +4.00 ± 9.49 (inconclusive)" in found.reason


def test_the_best_of_many_is_chosen_on_the_other_seeds():
    good, bad = gaps.gap("good", (3, 4, 5, 4, 4)), gaps.gap("bad", (-3, -4, -5, -4, -4))
    assert gaps.any_of("", [bad, good]) == good
    assert gaps.any_of("", [bad, bad]).mark == "fails"
    assert gaps.any_of("", [gaps.gap("row", ())]).mark == "not run"
    lucky = [gaps.gap(str(seed), [9 if at == seed else -1 for at in range(5)]) for seed in range(5)]
    assert gaps.any_of("", lucky).values == (-1,) * 5  # each is the best in one seed alone
    assert gaps.any_of("", [gaps.gap("row", (value,)) for value in (-2, 7)], least=1).values == (7,)


def test_every_one_of_several_and_its_denial():
    good, bad, open_ = (gaps.gap("row", values) for values in ((3, 4, 5, 4, 4), (-3, -4, -5, -4, -4), (-9, 9, 1, 0, 0)))
    marks = {(good, good): "holds", (good, bad): "fails", (good, open_): "inconclusive", (good, gaps.gap("row", ())): "not run"}
    opposite = {"holds": "fails", "fails": "holds"}
    for pair, mark in marks.items():
        found = gaps.every(pair)
        assert (found.mark, gaps.denied(found, "").mark) == (mark, opposite.get(mark, mark))
    assert gaps.denied(gaps.every([good, bad]), "not") == gaps.Gap("not", (3, 4, 5, 4, 4), "holds")


def test_only_seeds_of_all_rows_count():
    given = [*trials(seeds=5, only="baseline"), *trials(seeds=5, only="GR G"), *trials(seeds=4, only="AD G")]
    book = ledger(given, lambda trial, corpus: PLAIN + 100 * trial.seed + 40 * (trial.approach != "baseline"))
    found = judged(book, "C3")
    assert found.published == "inconclusive"
    assert "1 of 2 hold" in found.reason
    assert "1 of 2 rest on 4 seeds, and 5 are needed" in found.reason
    assert gaps.gain(book, "GR G", "tess").values == pytest.approx((4,) * 5)
    assert gaps.gain(book, "AD G", "tess").mark == "inconclusive"
    assert gaps.gain(book, "MTL G", "tess").mark == gaps.gain(book, "GR G", "epst").mark == "not run"


@pytest.mark.parametrize(("corpora", "names"), [(("tess",), {"C1", "C5", "C8"}), (("ravdess", "emovo", "savee"), {"C3", "C11"})])
def test_where_the_baseline_is_collapsed_nothing_is_judged(corpora, names):
    book = ledger(trials(seeds=3, only="baseline"), lambda trial, corpus: (30, 400, 900) if corpus in corpora else PLAIN)
    baseline = book.trials("baseline", variant=numbers.VARIANT, protocol=numbers.PROTOCOL)
    assert gaps.collapsed(baseline, corpora) == {"positive": pytest.approx(0.03)}
    assert gaps.collapsed(baseline, ["crema-d"]) == {}
    for name in names:
        found = judged(book, name)
        assert (found.published, found.printed) == ("inconclusive", PRINTED[name])
        assert "not judged, as the baseline is collapsed on" in found.reason
        assert "positive 0.030" in found.reason
    assert judged(book, "C3").published == ("inconclusive" if "C3" in names else "not run")


def test_claims_that_tell_corpus_from_language_need_two_labels(measured):
    measured |= BITS
    book = planted(lifted("all", 40))
    for name in ("C9", "C12"):
        found = judged(book, name)
        assert (found.published, found.printed) == ("not run", PRINTED[name])
        assert "corpus and language are one label in this pool" in found.reason
    assert gaps.trained(book).single == ("C", "G", "S")
    assert {"S+L", "G+L", "S+G+L"} == set(gaps.SEVERAL) - set(gaps.trained(book).several)
    assert judged(book, "C3").published == "holds"


def views(seeds: int, mtl: float, silhouette: float = 0.3) -> list[tuple[Trial, list]]:
    given = [trial for row in ("baseline", "MTL C", "GR C") for trial in trials(seeds=seeds, only=row)]
    height = {"baseline": 0.6, "MTL": mtl, "GR": 0.4}
    apart = {"baseline": 0.1, "MTL": silhouette, "GR": 0.05}
    return [
        (trial, [["C", height[trial.approach] + 0.1 * trial.seed, 0.33, apart[trial.approach]], ["G", 0.9, 0.5, 0.0]])
        for trial in given
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "mtl", "silhouette", "mark"),
    [
        (5, 0.65, 0.3, "holds"),
        (5, 0.55, 0.0, "fails"),
        (5, 0.55, 0.3, "inconclusive"),
        (5, 0.65, 0.0, "inconclusive"),
        (4, 0.65, 0.3, "inconclusive"),
    ],
)
def test_clusters_are_a_silhouette_and_a_probe_of_the_corpus(seeds, mtl, silhouette, mark):
    found = judged(ledger(trials(seeds=seeds), views=views(seeds, mtl, silhouette)), "C15")
    assert (found.published, found.printed) == (mark, None)
    assert f"GR C {0.4 + 0.05 * (seeds - 1):.3f} (labels shuffled 0.330), silhouette +0.050" in found.reason
    counts = [seeds if mtl > 0.6 else 0, seeds if silhouette > 0.1 else 0]
    assert f"of {seeds} seeds MTL is highest by the probe in {counts[0]}, by the silhouette in {counts[1]}" in found.reason


def test_clusters_need_all_three_networks():
    assert judged(ledger([], views=views(3, 0.9)[:6]), "C15").published == "not run"


@pytest.mark.parametrize(("women", "mark"), [(12, "agrees"), (9, "differs")])
def test_speakers_are_counted_by_gender_where_all_of_the_pool_is_there(women, mark, measured):
    counted = {"training / female / speakers": women, "training / male / speakers": 14}
    measured |= counted | {"corpora": (*numbers.POOLED, "tess")}
    found = judged(ledger([]), "C21")
    assert (found.published, found.clean, found.printed) == (mark, mark, None)
    measured["corpora"] = ("emovo", "ravdess", "tess")
    found = judged(ledger([]), "C21")
    assert (found.published, found.clean, found.printed) == ("not run", "not run", None)
    assert "Emo-DB" in found.reason
    assert f"{women} women and 14 men among the training speakers of EMOVO, RAVDESS" in found.reason
