"""Paper 03 in the ledger: where its numbers stand, what is compared with what, and claims on planted runs."""

import math

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


@pytest.mark.parametrize(("gain", "mark"), [(0, "holds"), (-3, "holds"), (4, "fails")])
def test_an_augmentation_that_gains_fails_the_claim_that_none_does(gain, mark):
    book = ledger(trials(protocol="by-origin"), lambda trial: 12 + gain * (trial.augmentation == "time masking"), spread=1)
    assert judged(book, claims.augmentation).published == mark


@pytest.mark.parametrize(("right", "mark"), [(12, "holds"), (2, "fails")])
def test_carrying_over_is_more_than_chance(right, mark):
    book = ledger(trials(protocol="across-corpora"), lambda trial: right)
    assert judged(book, claims.across).clean == mark


def views(high: float, untrained: float, change: float) -> pd.DataFrame:
    """Saliency in which happiness, sadness and surprise stand out as given, and nothing else does."""
    rows = []
    for network, lift in (("trained", high), ("untrained", untrained)):
        for name in loopq.CLASSES:
            third = 0.3 + lift * ((name == "happy") - (name == "sadness"))
            step = change * (network == "trained") * (name == "surprise")
            rows.append([0, network, name, 40, (1 - third) / 2, (1 - third) / 2, third, step])
    return pd.DataFrame(rows, columns=["trial", "network", "class", "clips", "low", "middle", "high", "correlation"])


@pytest.mark.parametrize(
    ("high", "untrained", "change", "mark"),
    [(0.1, 0.0, 0.2, "holds"), (0.1, 0.08, 0.2, "inconclusive"), (-0.1, 0.0, 0.2, "fails"), (0.1, 0.0, -0.2, "fails")],
)
def test_saliency_counts_where_an_untrained_network_does_not_show_the_same(high, untrained, change, mark):
    book = ledger(trials(only="CNNLSTM fixed", protocol="by-origin"), lambda trial: 12)
    book.recorded.trials["run"] = "open, views"
    book.recorded.parts["saliency"] = views(high, untrained, change)
    found = judged(book, claims.saliency)
    assert (found.published, found.clean) == (mark, "not run")


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
