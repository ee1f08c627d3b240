"""Claims of paper 02: what its printed tables say of each, and the mark of each on planted runs."""

import shutil
from collections.abc import Callable
from functools import cache, partial

import pytest

from sercore.evaluation import estimates
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.parry2022 import claims, evidence, numbers
from sercore.papers.parry2022.study import GRID
from sercore.papers.parry2022.trial import Trial
from tests.papers.parry2022.parry_runs import CAPPED, MANY, PLAIN, SIX, SPEAKERS, ledger, trials

BY_NAME = {claim.name: claim for claim in claims.CLAIMS}
PRINTED = {
    **dict.fromkeys(("C1", "C2", "C3", "C5", "C7", "C8", "C10", "C11", "C12"), True),
    **dict.fromkeys(("C13", "C14", "C17"), True),
    **dict.fromkeys(("C4", "C6", "C18"), False),
    **dict.fromkeys(("C9", "C15", "C16", "C19", "C20", "C21"), None),
}
ON_CREMA = ("C3", "C4", "C6", "C7", "C8", "C9", "C10", "C12", "C13", "C14", "C17", "C19")
BITS = {"corpus / corpus / bits": 0.75, "language / language / bits": 0.75}  # one label
Lift = Callable[
    [str, str, str], int
]  # in thousandths over the baseline, of approach, attributes and corpus


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


@pytest.fixture(scope="module", autouse=True)
def _few_draws():
    """Half of the draws, with which the best of 42 models can still be told from chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimates, "contrast", partial(estimates.contrast, draws=5000))
        yield


def planted(lift: Lift, *, seeds: int = 5, noise: int = 0, swing: int = 0, **options) -> Ledger:
    """Models lifted over a baseline; noise moves them alone from seed to seed, a swing moves all of a seed alike."""

    def right(trial: Trial, corpus: str) -> int:
        moved = PLAIN + swing * (trial.seed - 2)
        if trial.approach == "baseline":
            return moved
        return moved + noise * (trial.seed - 2) + lift(trial.approach, trial.attributes, corpus)

    return ledger(trials(seeds=seeds), right, **{"speakers": MANY} | options)


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


@cache
def world(name: str, lift: int, **options) -> Ledger:
    """Runs in which those whom a world names are lifted."""
    return planted(lifted(name, lift), **options)


def test_recorded_scores_are_read_with_their_seeds():
    lift = lifted("gender on CREMA-D", 40)
    found = evidence.trained(planted(lift, swing=10))
    expected = {
        (on, row.name): (
            PLAIN
            + (0 if row.approach == "baseline" else lift(row.approach, row.attributes, corpora[0]))
        )
        / 10
        for on, corpora in numbers.SCORED.items()
        for row in GRID
    }
    assert dict(found.scores) == pytest.approx(expected)
    assert set(found.trials) == set(expected)
    assert (found.single, found.several) == (evidence.SINGLE, evidence.SEVERAL)
    gap = found.gap("x", lambda scores: scores["TESS", "GR S"] - scores["CREMA-D", "baseline"])
    assert gap.by_seed == pytest.approx((4,) * 5)  # seed by seed, the swing of both falls out
    assert gap.value == pytest.approx(4)
    alone = found.gap("x", lambda scores: scores["TESS", "GR S"])
    assert alone.by_seed == pytest.approx((52, 53, 54, 55, 56))
    assert found.gap("x", lambda scores: scores["TESS", "no row"]).mark == "not run"


def test_every_claim_is_there_once_and_in_order():
    assert [claim.name for claim in claims.CLAIMS] == [f"C{number}" for number in range(1, 22)]
    assert set(PRINTED) == set(BY_NAME)
    assert set(claims.SETTINGS) == {"C16", "C21"}


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_printed_tables_say_of_it(name):
    found = judged(ledger([]), name)
    assert found.printed is PRINTED[name]
    assert found.reason.startswith("contradicted by the paper's own numbers") == (
        found.printed is False
    )
    assert (found.published, found.clean) == ("not run", "not run")


@pytest.mark.parametrize(
    ("name", "old", "new", "mark"),
    [
        ("C4", "CREMA-D GR,Speaker,ua,47.60", "CREMA-D GR,Speaker,ua,52.00", True),
        ("C18", "CREMA-D GR,Speaker,ua,47.60", "CREMA-D GR,Speaker,ua,52.00", False),
        ("C8", "CREMA-D MTL,G+L,ua,52.26", "CREMA-D MTL,G+L,ua,52.80", True),  # no difference
        ("C8", "CREMA-D MTL,G+L,ua,52.26", "CREMA-D MTL,G+L,ua,52.90", False),
        ("C17", "CREMA-D MTL,Corpus,ua,49.64", "CREMA-D MTL,Corpus,ua,29.64", False),
        ("C9", "TESS GR,S+L,ua,55.46", "TESS GR,S+L,ua,45.46", False),
        ("C1", "TESS GR,Speaker,ua,55.17", "TESS GR,Speaker,ua,57.17", False),
        ("C11", "in-domain test,GR speaker,ua,59.98", "in-domain test,GR speaker,ua,58.98", False),
    ],
)
def test_a_changed_table_changes_what_it_says(name, old, new, mark, tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{numbers.NAME}.csv"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert judged(ledger([], published_folder=tmp_path / "published"), name).printed is mark


@pytest.mark.parametrize("name", HOLDS)
def test_it_holds_or_fails_on_five_seeds_and_six_speakers(name):
    where, lift = HOLDS[name]
    for sign, mark in ((1, "holds"), (-1, "fails")):
        found = judged(world(where, sign * lift), name)
        assert (found.published, found.clean, found.printed) == (mark, mark, PRINTED[name])
        assert "shown, not judged" not in found.reason


@pytest.mark.parametrize("name", HOLDS)
def test_one_seed_decides_nothing_and_a_corpus_that_is_not_there_neither(name):
    found = judged(world("all", 40, seeds=1), name)
    assert found.published == "inconclusive"
    assert "shown, not judged: 1 seed, and a sign needs 5" in found.reason
    assert "±" not in found.reason
    without = judged(world("all", 40, crema=False), name)
    assert (
        ("CREMA-D is not at hand" in without.reason)
        == (without.published == "not run")
        == (name in ON_CREMA)
    )
    assert without.printed is PRINTED[name]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"seeds": 4}, dict.fromkeys(("C1", "C3", "C11"), "4 seeds, and a sign needs 5")),
        (
            {"ending": CAPPED},
            dict.fromkeys(("C1", "C3", "C11"), "unfinished: ended at a cap of 30 epochs"),
        ),
        (
            {"speakers": SPEAKERS},
            {"C1": "2 speakers, and a sign needs 6", "C11": "4 speakers, and a sign needs 6"},
        ),
        (
            {"speakers": SPEAKERS | {"ravdess": SIX}},
            {"C11": "one speaker of a corpus has no interval"},
        ),
    ],
)
def test_few_seeds_or_speakers_and_unfinished_trainings_decide_nothing(options, told):
    for lift in (40, -40):
        book = planted(lifted("all", lift), **options)
        for name, doubt in told.items():
            found = judged(book, name)
            assert (found.published, found.clean) == ("inconclusive", "inconclusive")
            assert f"shown, not judged: {doubt}" in found.reason
            assert "hold" not in found.reason.split("recorded: ")[1].split("; ")[0]


def test_a_difference_smaller_than_its_spread_is_inconclusive_and_told():
    found = judged(planted(lifted("all", 40), noise=60), "C3")
    assert found.published == "inconclusive"
    assert "0 of 2 hold, GR G over the baseline +4.00 ± 9.49 (inconclusive)" in found.reason


def test_a_swing_that_all_models_of_a_seed_share_is_not_taken_out_of_their_differences():
    """Two trainings of one seed share its number, not their noise: the swing is a chance of either."""
    assert judged(planted(lifted("all", 40), swing=10), "C3").published == "holds"
    found = judged(planted(lifted("all", 40), swing=100), "C3")
    assert found.published == "inconclusive"
    assert "GR G over the baseline +4.00 ± 0.00 (inconclusive)" in found.reason


def test_only_seeds_of_all_rows_count():
    given = [
        *trials(seeds=5, only="baseline"),
        *trials(seeds=5, only="GR G"),
        *trials(seeds=4, only="AD G"),
    ]
    book = ledger(
        given,
        lambda trial, corpus: PLAIN + 10 * trial.seed + 40 * (trial.approach != "baseline"),
        speakers=MANY,
    )
    found = judged(book, "C3")
    assert found.published == "inconclusive"
    assert "shown, not judged: 4 seeds, and a sign needs 5" in found.reason
    assert gain(book, "GR G", "tess").by_seed == pytest.approx((4,) * 5)
    assert gain(book, "GR G", "tess").mark == "holds"
    assert gain(book, "AD G", "tess").by_seed == pytest.approx((4,) * 4)
    assert gain(book, "AD G", "tess").mark == "inconclusive"
    assert gain(book, "MTL G", "tess").mark == gain(book, "GR G", "epst").mark == "not run"


def gain(book: Ledger, row: str, corpus: str) -> judging.Gap:
    pair = [numbers.row_trials(book, name) for name in (row, "baseline")]
    return numbers.moved(row, *pair, corpus)


@pytest.mark.parametrize(
    ("corpora", "names"),
    [(("tess",), {"C1", "C5", "C8"}), (("ravdess", "emovo", "savee"), {"C3", "C11"})],
)
def test_where_the_baseline_is_collapsed_nothing_is_judged(corpora, names):
    book = ledger(
        trials(seeds=3, only="baseline"),
        lambda trial, corpus: (30, 400, 900) if corpus in corpora else PLAIN,
    )
    baseline = book.trials("baseline", variant=numbers.VARIANT, protocol=numbers.PROTOCOL)
    assert numbers.collapsed(baseline, corpora) == {"positive": pytest.approx(0.03)}
    assert numbers.collapsed(baseline, ["crema-d"]) == {}
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
    assert evidence.trained(book).single == ("C", "G", "S")
    assert {"S+L", "G+L", "S+G+L"} == set(evidence.SEVERAL) - set(evidence.trained(book).several)
    assert judged(book, "C3").published == "holds"


def views(seeds: int, mtl: float, silhouette: float = 0.3) -> list[tuple[Trial, list]]:
    given = [
        trial for row in ("baseline", "MTL C", "GR C") for trial in trials(seeds=seeds, only=row)
    ]
    height = {"baseline": 0.6, "MTL": mtl, "GR": 0.4}
    apart = {"baseline": 0.1, "MTL": silhouette, "GR": 0.05}
    return [
        (trial, [["C", height[trial.approach] + 0.1 * trial.seed, 0.33, apart[trial.approach]], ["G", 0.9, 0.5, 0.0]])
        for trial in given
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "mtl", "silhouette", "mark", "doubt"),
    [
        (5, 0.65, 0.3, "holds", ""),
        (5, 0.55, 0.0, "fails", ""),
        (5, 0.55, 0.3, "fails", ""),
        (5, 0.65, 0.0, "fails", ""),
        (4, 0.65, 0.3, "inconclusive", "4 seeds, and a sign needs 5"),
    ],
)
def test_clusters_are_a_silhouette_and_a_probe_of_the_corpus(seeds, mtl, silhouette, mark, doubt):
    given = trials(seeds=seeds, only="baseline")
    found = judged(ledger(given, views=views(seeds, mtl, silhouette), speakers=MANY), "C15")
    assert (found.published, found.clean, found.printed) == (mark, mark, None)
    assert (
        f"GR C {0.4 + 0.05 * (seeds - 1):.3f} (labels shuffled 0.330), silhouette +0.050"
        in found.reason
    )
    counts = [seeds if mtl > 0.6 else 0, seeds if silhouette > 0.1 else 0]
    told = f"by the probe in {counts[0]} ({mtl - 0.6:+.3f}), by the silhouette in {counts[1]} ({silhouette - 0.1:+.3f})"
    assert f"of {seeds} seeds MTL is highest {told}" in found.reason
    assert found.reason.endswith(f"; shown, not judged: {doubt}") == bool(doubt)
    few = judged(ledger(given, views=views(seeds, mtl, silhouette)), "C15")
    assert few.published == "inconclusive"
    assert doubt or "4 speakers, and a sign needs 6" in few.reason


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
