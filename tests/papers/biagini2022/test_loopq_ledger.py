"""Paper 03 in the ledger: where its numbers stand, what is compared with what, and claims on planted runs."""

import numpy as np
import pandas as pd
import pytest

from sercore import papers
from sercore.evaluation.estimates import difference, level
from sercore.evaluation.metrics import accuracy
from sercore.ledger import claims as judging
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import claims, page
from sercore.papers.biagini2022 import paper as numbers
from sercore.papers.biagini2022 import study as loopq
from tests.papers.biagini2022.loopq_runs import CAPPED, LONE, SPEAKERS, ledger, repeated, trials

ORDER = ("CNNLSTM", "CNNATT", "FCMFCC", "MMFUSION", "HUBERTFT")  # as printed, the worst first
ACCURACY = page.ACCURACY


BY_NAME = {claim.name: claim for claim in claims.CLAIMS}


def judged(book: Ledger, name: str) -> judging.Judgement:
    ((_, judgement),) = judging.judged(book, [BY_NAME[name]])
    return judgement


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
    assert papers.named(loopq.NAME).substitute("HUBERTFT", "fixed", encoder) == told
    monkeypatch.setattr(numbers, "corpora", lambda: ("ravdess", "tess"))
    assert (
        papers.named(loopq.NAME)
        .substitute("HUBERTFT", "fixed", encoder)
        .startswith("the corpora without CREMA, SAVEE")
    )


def test_what_one_training_has_changed_is_its_control():
    book = ledger(
        [
            *trials(protocol="by-origin"),
            *trials(protocol="by-origin", loopq_labels=True, only="FCMFCC as-described"),
        ],
        lambda _: 15,
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
    assert book.trials("FCMFCC", variant="as-run", protocol="by-origin").table[
        "control"
    ].tolist() == ["none"]


def test_each_corpus_is_scored_on_its_own_clips_and_all_of_them_by_their_mean():
    book = ledger(
        trials(only="FCMFCC as-run", protocol="speaker-independent"), lambda trial: 12, spread=4
    )
    found = book.trials("FCMFCC", protocol="speaker-independent")
    values = []
    for name in ("ravdess", "savee", "tess"):
        part = level(found.of(name), ACCURACY)
        own = [speaker for speaker in SPEAKERS if speaker.startswith(f"{name}/")]
        table = found.counts[found.counts["group"].isin(own)]
        right = table[table["true"] == table["predicted"]]["count"].sum() / table["count"].sum()
        assert part.value == pytest.approx(right)
        assert part.groups == len(own)
        values.append(right)
    assert level(found, ACCURACY).value == pytest.approx(np.mean(values))
    assert found.pooled(ACCURACY) == pytest.approx(accuracy(found.confusion()))
    assert found.pooled(ACCURACY) != pytest.approx(np.mean(values))


def test_speakers_make_the_interval_under_either_split_and_one_seed_has_none_of_further_runs():
    book = ledger(trials(only="FCMFCC as-run"), lambda trial: 12, spread=4)
    for split in page.PAIR:
        found = book.cell("FCMFCC", ACCURACY, protocol=split)
        assert 0 < found.low < found.value < found.high < 1
        assert np.isnan([found.run_low, found.run_high]).all()
    lone = ledger(trials(only="FCMFCC as-run"), lambda trial: 12, spread=4, speakers=LONE)
    found = lone.cell("FCMFCC", ACCURACY, protocol="by-origin")
    assert np.isnan([found.low, found.high]).all()


def test_a_difference_is_taken_on_the_seeds_that_both_have():
    given = [
        *trials(only="FCMFCC as-run", protocol="by-origin", seeds=3),
        *trials(only="CNNATT", protocol="by-origin", seeds=2),
    ]
    book = ledger(
        list(dict.fromkeys(given)), lambda trial: 10 + trial.seed + 2 * (trial.model == "FCMFCC")
    )
    pair = [
        book.trials(model, variant=numbers.READINGS[model], protocol="by-origin")
        for model in ("FCMFCC", "CNNATT")
    ]
    assert difference(*pair, ACCURACY).by_seed == pytest.approx((0.1, 0.1))
    with pytest.raises(ValueError, match="no seed and fold is in all"):
        difference(pair[0], pair[1].sown([9]), ACCURACY)


@pytest.mark.parametrize(
    ("options", "about", "doubts"),
    [
        ({"seeds": 5, "folds": 2}, {}, ("", "")),
        ({"seeds": 4, "folds": 2}, {}, ("4 seeds, and a sign needs 5",) * 2),
        ({"seeds": 5, "folds": 1}, {}, ("", "one fold of several was run")),
        (
            {"seeds": 5, "folds": 2},
            {"ending": CAPPED},
            ("unfinished: ended at a cap of 30 epochs; the schedule has up to 150",) * 2,
        ),
        (
            {"seeds": 5, "folds": 2},
            {"speakers": LONE},
            ("one speaker of a corpus has no interval",) * 2,
        ),
        (
            {"seeds": 5, "folds": 2},
            {"speakers": SPEAKERS[:5]},
            ("5 speakers, and a sign needs 6",) * 2,
        ),
    ],
)
def test_an_order_is_judged_on_five_seeds_of_finished_trainings_on_all_folds(
    options, about, doubts
):
    given = trials(**options)
    for worst_first, sign in ((ORDER, "holds"), (ORDER[::-1], "fails")):
        book = ledger(
            given,
            lambda trial, order=worst_first: 5 + 2 * order.index(trial.model),
            spread=1,
            **about,
        )
        found = judged(book, "B5")
        assert (found.published, found.clean) == tuple(
            "inconclusive" if doubt else sign for doubt in doubts
        )
        assert found.printed is True
        for doubt in doubts:
            assert not doubt or f"shown, not judged: {doubt}" in found.reason
        assert ("shown, not judged" in found.reason) == any(doubts)


def test_scores_that_are_close_are_so_on_five_seeds_alone():
    for seeds, mark in ((5, "holds"), (4, "inconclusive")):
        book = ledger(trials(seeds=seeds, folds=2, only="FCMFCC as-run"), lambda trial: 12)
        found = judged(book, "B7")
        assert (found.published, found.clean) == (mark, mark)
        assert ("4 seeds, and a sign needs 5" in found.reason) == (seeds < 5)


@pytest.mark.parametrize(
    ("gain", "seeds", "epochs", "mark", "doubt"),
    [
        (0, 5, 150, "inconclusive", ""),  # that nothing gains anything cannot be shown
        (-3, 5, 150, "inconclusive", ""),
        (4, 5, 150, "fails", ""),
        (4, 4, 150, "inconclusive", "4 seeds, and a sign needs 5"),
        (
            4,
            5,
            30,
            "inconclusive",
            "unfinished: ended at a cap of 30 epochs; the schedule has up to 150",
        ),
    ],
)
def test_an_augmentation_is_judged_on_five_seeds_of_the_whole_schedule(
    gain, seeds, epochs, mark, doubt
):
    given = repeated(trials(protocol="by-origin", epochs=epochs), seeds)
    book = ledger(
        given,
        lambda trial: 12 + gain * (trial.augmentation == "time masking"),
        spread=1,
        ending=f"all {epochs} epochs",
    )
    found = judged(book, "B10")
    assert (found.published, found.clean) == (mark, "not run")
    assert f"time masking {gain / 20:+.3f}" in found.reason
    assert ("shown, not judged" in found.reason) == bool(doubt)
    assert doubt in found.reason
    some = [trial for trial in given if trial.augmentation != "time stretching"]
    assert judged(ledger(some, lambda trial: 12), "B10").published == "not run"


@pytest.mark.parametrize(
    ("gain", "seeds", "mark"),
    [(2, 5, "holds"), (-2, 5, "fails"), (0, 5, "inconclusive"), (2, 4, "inconclusive")],
)
def test_carrying_over_better_with_pretrained_parts_is_judged_on_five_seeds(gain, seeds, mark):
    given = repeated(trials(protocol="across-corpora"), seeds)
    found = judged(
        ledger(given, lambda trial: 12 + gain * (trial.model == "HUBERTFT"), spread=1), "B16"
    )
    assert (found.published, found.clean) == ("not run", mark)
    assert f"HUBERTFT over FCMFCC {gain / 20:+.3f} ({mark})" in found.reason
    assert "the only pretrained part here is a frozen encoder" in found.reason
    assert ("4 seeds, and a sign needs 5" in found.reason) == (seeds < 5)
    assert judged(ledger(trials(protocol="by-origin"), lambda trial: 12), "B16").clean == "not run"


@pytest.mark.parametrize(
    ("gap", "speakers", "mark"),
    [
        (0.2, 12, "holds"),
        (-0.2, 12, "fails"),
        (0.0, 12, "inconclusive"),
        (0.2, 6, "holds"),
        (0.2, 5, "inconclusive"),
    ],
)
def test_sadness_lies_lower_where_six_speakers_agree_that_it_does(gap, speakers, mark):
    book = ledger(trials(only="CNNLSTM fixed", protocol="by-origin"), lambda trial: 12)
    rows = []
    for who in range(speakers):
        for at, name in enumerate(loopq.CLASSES):
            low = 0.4 + gap * (name == "sadness") + 0.01 * ((who + at) % 3 - 1)
            rows.append([0, f"ravdess/{who:02d}", name, 4, low, 0.3, 0.7 - low])
    names = ["trial", "group", "class", "clips", "low", "middle", "high"]
    book.recorded.parts["energy"] = pd.DataFrame(rows, columns=names)
    found = judged(book, "B15")
    assert (found.published, found.clean) == (mark, mark)
    assert found.reason.count(f"({mark})") == 4


def test_one_emotion_that_does_not_differ_leaves_sadness_open():
    book = ledger(trials(only="CNNLSTM fixed", protocol="by-origin"), lambda trial: 12)
    rows = [
        [0, f"ravdess/{who:02d}", name, 4, 0.5 * (name in ("sadness", "fear")) + who / 99, 0, 0]
        for who in range(12)
        for name in loopq.CLASSES
    ]
    names = ["trial", "group", "class", "clips", "low", "middle", "high"]
    book.recorded.parts["energy"] = pd.DataFrame(rows, columns=names)
    assert judged(book, "B15").published == "inconclusive"


def test_the_papers_own_table_contradicts_one_claim():
    book = Ledger(papers.named(loopq.NAME))
    assert [
        claim.name for claim, found in judging.judged(book, claims.CLAIMS) if found.printed is False
    ] == ["B14"]
    assert [claim.name for claim in claims.CLAIMS] == [
        f"B{number}" for number in range(1, 17) if number != 13
    ]


def test_no_setting_and_no_count_is_a_result():
    book = Ledger(papers.named(loopq.NAME))
    words = {number.table: set() for number in book.printed}
    for number in book.printed:
        words[number.table].add(book.verdict(number)[0])
    assert words["Table 3"] == {"setting"}
    assert words["Table 1"] | words["Table 2"] <= {"measured", "not run"}
    assert words["Text"] == {"measured", "setting", "not run"}


def test_epochs_are_those_of_the_recorded_trainings():
    book = Ledger(papers.named(loopq.NAME))
    printed = {each.row: each for each in book.printed if each.column == "Max epochs"}
    ours = {model: papers.named(loopq.NAME).plain(number) for model, number in printed.items()}
    trained = book.recorded.kind("models")
    for model, table in trained.groupby("model"):
        beside = table[table["variant"] == numbers.READINGS[model]]
        assert ours[model].value == beside["epochs"].max() == 30 >= beside["epochs_run"].max()
    reasons = {model: found.reason for model, found in ours.items()}
    assert reasons == dict.fromkeys(("CNNLSTM", "FCMFCC", "CNNATT"), "ours is 30") | {
        "HUBERTFT": "as printed",
        "MMFUSION": numbers.UNTRAINED,
    }
    tuned = next(
        each
        for each in book.printed
        if (each.row, "fine-tuned" in each.column) == ("HUBERTFT", True)
    )
    assert book.verdict(tuned)[1].endswith("the recorded trainings freeze these parts")


def test_an_approximate_count_may_be_cut_as_well_as_rounded(monkeypatch):
    book = Ledger(papers.named(loopq.NAME))
    assert judged(book, "B8").published == "agrees"
    where = ("MMFUSION", "all", "parameters")
    for value, mark in ((184.1, "agrees"), (186.1, "differs")):
        monkeypatch.setitem(numbers.BUILT, where, (lambda value=value: value, 0))
        assert judged(book, "B8").published == mark


def test_recorded_augmentations_saliency_and_other_corpora_decide_nothing():
    book = Ledger(papers.named(loopq.NAME))
    marks = {
        claim.name: (found.published, found.clean)
        for claim, found in judging.judged(book, claims.CLAIMS)
    }
    assert marks["B10"] == marks["B16"][::-1] == ("inconclusive", "not run")
    assert marks["B11"] == ("not run", "inconclusive")
    assert marks["B8"] == ("agrees", "agrees")
