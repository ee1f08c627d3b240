"""Paper 03 in the ledger: where its numbers stand, what is compared with what, and claims on planted runs."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from sercore.evaluation.metrics import accuracy
from sercore.ledger import claims as judging
from sercore.ledger.claims import loopq as claims
from sercore.ledger.claims import loopq_numbers as numbers
from sercore.ledger.entries import Ledger
from sercore.studies import loopq
from tests.ledger.loopq_runs import SPEAKERS, ledger, trials

ORDER = ("CNNLSTM", "CNNATT", "FCMFCC", "MMFUSION", "HUBERTFT")  # as printed, the worst first
ACCURACY = numbers.OURS[0]


def judged(book: Ledger, claim: judging.Claim) -> judging.Judgement:
    return dict(judging.judged(book, [claim]))[claim]


def test_each_printed_score_stands_beside_its_model_and_is_a_substitute():
    book = ledger(trials(protocol="by-origin"), lambda trial: 15)
    for number in (each for each in book.printed if each.table == "Table 4"):
        word, reason = book.verdict(number)
        assert word == "substituted"
        assert "without CREMA" in reason
        assert ("toy" in reason) == (number.row in ("HUBERTFT", "MMFUSION"))


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ("none", ""),
        ("whisper-tiny", "a frozen whisper-tiny in place of the tuned encoder"),
        ("tuned wav2vec2-base", "tuned wav2vec2-base in place of the paper's"),
        ("tuned hubert-large-ll60k", ""),
    ],
)
def test_a_substitute_is_named_with_its_corpora_and_weights(encoder, told, monkeypatch):
    monkeypatch.setattr(numbers, "corpora", lambda: ("crema-d", "ravdess", "savee", "tess"))
    assert numbers.substitute("HUBERTFT", "fixed", encoder) == told
    monkeypatch.setattr(numbers, "corpora", lambda: ("ravdess", "tess"))
    assert numbers.substitute("HUBERTFT", "fixed", encoder).startswith("the corpora without CREMA, SAVEE")


def test_what_one_training_has_changed_is_its_control():
    book = ledger(
        [*trials(protocol="by-origin"), *trials(protocol="by-origin", loopq_labels=True, only="FCMFCC as-described")], lambda _: 15
    )
    names = {control for row, _, control in book.controls() if row == "FCMFCC"}
    assert names == {
        "paper's rates",
        "time stretching",
        "time masking",
        "band masking",
        "labels shuffled",
        "competition's labels",
    }
    assert book.trials("FCMFCC", variant="as-run", protocol="by-origin").table["control"].tolist() == ["none"]


def test_a_pool_and_its_corpora_are_scored_on_their_own_clips():
    book = ledger(trials(only="FCMFCC as-run", protocol="speaker-independent"), lambda trial: 12, spread=4)
    found = book.trials("FCMFCC", protocol="speaker-independent")
    for name in ("ravdess", "savee", "tess"):
        part = found.of(name)
        own = [speaker for speaker in SPEAKERS if speaker.startswith(f"{name}/")]
        table = found.counts[found.counts["group"].isin(own)]
        right = table[table["true"] == table["predicted"]]["count"].sum() / table["count"].sum()
        assert part.cell(ACCURACY).value == pytest.approx(right)
        assert part.cell(ACCURACY).groups == len(own)
    assert found.cell(ACCURACY).value == pytest.approx(accuracy(found.confusion()))


def test_speakers_make_the_interval_where_none_is_shared_and_seeds_where_they_are():
    book = ledger(trials(only="FCMFCC as-run"), lambda trial: 12, spread=4)
    shared, apart = (book.cell("FCMFCC", ACCURACY, protocol=split) for split in ("by-origin", "speaker-independent"))
    assert (shared.low, shared.high) == (-math.inf, math.inf)
    assert 0 < apart.low < apart.value < apart.high < 1


def test_a_difference_is_taken_on_the_seeds_that_both_have():
    given = [*trials(only="FCMFCC as-run", protocol="by-origin", seeds=3), *trials(only="CNNATT", protocol="by-origin", seeds=2)]
    book = ledger(list(dict.fromkeys(given)), lambda trial: 10 + trial.seed + 2 * (trial.model == "FCMFCC"))
    pair = [book.trials(model, variant=claims.READINGS[model], protocol="by-origin") for model in ("FCMFCC", "CNNATT")]
    gap = pair[0].difference(pair[1], ACCURACY)
    assert gap.by_seed == pytest.approx((0.1, 0.1))
    with pytest.raises(ValueError, match="none is in both"):
        pair[0].difference(pair[1].sown([9]), ACCURACY)


@pytest.mark.parametrize(
    ("seeds", "worst_first", "mark"), [(3, ORDER, "holds"), (3, ORDER[::-1], "fails"), (2, ORDER, "inconclusive")]
)
def test_an_order_is_judged_on_three_seeds_or_more(seeds, worst_first, mark):
    book = ledger(trials(seeds=seeds), lambda trial: 5 + 2 * worst_first.index(trial.model), spread=1)
    found = judged(book, claims.order)
    assert (found.published, found.clean, found.printed) == (mark, mark, True)
    assert ("An order is judged on 3 seeds or more" in found.reason) == (seeds < 3)


@pytest.mark.parametrize(
    ("gain", "seeds", "epochs", "mark"),
    [(0, 3, 150, "holds"), (-3, 3, 150, "holds"), (4, 3, 150, "fails"), (4, 2, 150, "inconclusive"), (4, 3, 30, "inconclusive")],
)
def test_an_augmentation_is_judged_on_enough_seeds_of_the_whole_schedule(gain, seeds, epochs, mark):
    given = trials(protocol="by-origin", seeds=seeds, epochs=epochs)
    given += [replace(trial, seed=seed) for trial in given if trial.augmentation != "none" for seed in range(1, seeds)]
    book = ledger(given, lambda trial: 12 + gain * (trial.augmentation == "time masking"), spread=1)
    found = judged(book, claims.augmentation)
    assert found.published == mark
    assert ("2 seeds, and 3 are needed" in found.reason) == (seeds == 2)
    assert ("stop at 30 of the code's 150 epochs" in found.reason) == (epochs == 30)


def test_carrying_over_is_told_and_not_judged():
    book = ledger(trials(protocol="across-corpora"), lambda trial: 12)
    found = judged(book, claims.across)
    assert (found.published, found.clean) == ("not run", "inconclusive")
    assert "67% of the tested clips are RAVDESS's" in found.reason
    assert "FCMFCC 0.600" in found.reason
    assert judged(ledger(trials(protocol="by-origin"), lambda trial: 12), claims.across).clean == "not run"


def test_saliency_is_told_and_not_judged():
    book = ledger(trials(only="CNNLSTM fixed", protocol="by-origin"), lambda trial: 12)
    book.recorded.trials["run"] = "open, views"
    names = ["trial", "network", "class", "clips", "low", "middle", "high", "correlation"]
    rows = [
        [0, network, name, 40, (1 - high) / 2, (1 - high) / 2, high, 0.0]
        for network, lift in (("trained", 0.1), ("untrained", 0.0))
        for name in loopq.CLASSES
        for high in [0.3 + lift * ((name == "happy") - (name == "sadness"))]
    ]
    book.recorded.parts["saliency"] = pd.DataFrame(rows, columns=names)
    found = judged(book, claims.saliency)
    assert (found.published, found.clean) == ("not run", "not run")
    assert "over frequency" in found.reason
    assert "by-origin, happy, high: +0.117, untrained +0.000; of one emotion there are 40 clips" in found.reason


@pytest.mark.parametrize(("gap", "mark"), [(0.2, "holds"), (0.0, "inconclusive")])
def test_energy_differs_where_speakers_agree_that_it_does(gap, mark):
    book = ledger(trials(only="CNNLSTM fixed", protocol="by-origin"), lambda trial: 12)
    rows = [
        [0, f"ravdess/{who:02d}", name, 4, 0.4, 0.3, 0.3 + gap * (name == "angry") + 0.01 * ((who + at) % 3 - 1)]
        for who in range(12)
        for at, name in enumerate(loopq.CLASSES)
    ]
    book.recorded.parts["energy"] = pd.DataFrame(rows, columns=["trial", "group", "class", "clips", "low", "middle", "high"])
    assert judged(book, claims.energy).published == mark


def test_the_papers_own_table_contradicts_one_claim():
    book = Ledger(loopq.PAPER)
    assert [claim.name for claim, found in judging.judged(book, claims.CLAIMS) if found.printed is False] == ["B14"]
    assert [claim.name for claim in claims.CLAIMS] == [f"B{number}" for number in range(1, 17)]


def test_no_setting_and_no_count_is_a_result():
    book = Ledger(loopq.PAPER)
    words = {number.table: set() for number in book.printed}
    for number in book.printed:
        words[number.table].add(book.verdict(number)[0])
    assert words["Table 3"] == {"setting"}
    assert words["Table 1"] | words["Table 2"] <= {"measured", "not run"}
    assert words["Text"] == {"measured", "setting", "not run"}


def test_epochs_are_those_of_the_recorded_trainings():
    book = Ledger(loopq.PAPER)
    printed = {each.row: each for each in book.printed if each.column == "Max epochs"}
    ours = {model: numbers.plain(number) for model, number in printed.items()}
    trained = book.recorded.kind("models")
    for model, table in trained.groupby("model"):
        assert ours[model].value == table["epochs"].max() == 30 >= table["epochs_run"].max()
    reasons = {model: found.reason for model, found in ours.items()}
    assert reasons == dict.fromkeys(("CNNLSTM", "FCMFCC", "CNNATT"), "ours is 30") | {
        "HUBERTFT": "as printed",
        "MMFUSION": numbers.UNTRAINED,
    }
    tuned = next(each for each in book.printed if (each.row, "fine-tuned" in each.column) == ("HUBERTFT", True))
    assert book.verdict(tuned)[1].endswith("the recorded trainings freeze these parts")


def test_an_approximate_count_may_be_cut_as_well_as_rounded(monkeypatch):
    book = Ledger(loopq.PAPER)
    assert judged(book, claims.parameters).published == "agrees"
    where = ("MMFUSION", "all", "parameters")
    for value, mark in ((184.1, "agrees"), (186.1, "differs")):
        monkeypatch.setitem(numbers.BUILT, where, (lambda value=value: value, 0))
        assert judged(book, claims.parameters).published == mark


def test_recorded_augmentations_saliency_and_other_corpora_decide_nothing():
    book = Ledger(loopq.PAPER)
    marks = {claim.name: (found.published, found.clean) for claim, found in judging.judged(book, claims.CLAIMS)}
    assert marks["B10"] == marks["B16"][::-1] == ("inconclusive", "not run")
    assert marks["B11"] == ("not run", "not run")
    assert marks["B8"] == ("agrees", "agrees")
