"""Numbers that the words of chapter 5 name.

A leak's gain is named by corpus, model and leak, ``ravdess_mlp_speakers``, with ``_low``, ``_high``
and ``_mark`` behind it; a score by corpus, model and protocol, ``ravdess_mlp_clean``.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from sercore.ledger.entries import Ledger
from sercore.papers.luck import numbers
from sercore.papers.luck.numbers import LISTS, MANY, UA, WIDTHS
from sercore.papers.luck.trial import CLEAN, LOGISTIC, MLP, MODELS, PROTOCOLS, SHARED, SHUFFLED
from sercore.report.prose import span

SHORT = {LOGISTIC: "regression", MLP: "mlp"}
MARKS = {"holds": "above_zero", "fails": "below_zero", "inconclusive": "open"}
HALVES = ("half_or_more", "less_than_half")
EFFECT = 5  # points of UA that a test is to find


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give the numbers of the chapter's words, by name; none while nothing is recorded."""
    if not numbers.corpora(ledger):
        return {}
    named: dict[str, object] = {mark: mark for mark in (*MARKS.values(), *HALVES)}
    return named | _leaks(ledger) | _scores(ledger) | _luck(ledger) | _speakers(ledger) | _hunted()


def _leaks(ledger: Ledger) -> dict[str, object]:
    """Give what each leak adds, and by ``…_judged`` and ``…_above`` how many signs are clear."""
    named: dict[str, object] = {}
    gaps = numbers.gaps(ledger)
    counts: Counter = Counter()
    for (leak, corpus, model), mark in numbers.marks(gaps).items():
        gap = gaps[leak, corpus, model]
        name = f"{_plain(corpus)}_{SHORT[model]}_{_plain(leak)}"
        named |= {name: gap.value, f"{name}_low": gap.low, f"{name}_high": gap.high}
        named[f"{name}_mark"] = MARKS[mark]
        counts[leak, "judged"] += not gap.doubt
        counts[leak, "above"] += mark == "holds"
        counts[leak, "below"] += mark == "fails"
    for leak in numbers.LEAKS:
        for word in ("judged", "above", "below"):
            named[f"{_plain(leak)}_{word}"] = counts[leak, word]
        of_leak = [gap.value for (name, *_), gap in gaps.items() if name == leak]
        if of_leak:
            named |= span(_plain(leak), of_leak)
    printed = max(listed.differences().max() for listed in LISTS.values())
    judged = [gap.low for gap in gaps.values() if not gap.doubt]
    named["printed_largest"] = printed
    named["leak_over_print"] = "yes" if max(judged, default=0.0) > printed else "no"
    return named | {"leak_seeds": max(gap.seeds for gap in gaps.values()), "yes": "yes"}


def _scores(ledger: Ledger) -> dict[str, object]:
    """Give the UA of each corpus, model and protocol, and on shuffled labels; and of guessing."""
    named: dict[str, object] = {}
    for corpus in numbers.corpora(ledger):
        for protocol in PROTOCOLS:
            for model in MODELS:
                chosen = numbers.trials(ledger, corpus, model, protocol)
                if chosen is not None:
                    name = f"{_plain(corpus)}_{SHORT[model]}_{_plain(protocol)}"
                    named[name] = chosen.by_seed(UA).mean()
                    named[f"{_plain(corpus)}_chance"] = 100 / chosen.classes
            shuffled = numbers.trials(ledger, corpus, LOGISTIC, protocol, control=SHUFFLED)
            if shuffled is not None:
                name = f"{_plain(corpus)}_shuffled_{_plain(protocol)}"
                named[name] = shuffled.by_seed(UA).mean()
    return named


def _luck(ledger: Ledger) -> dict[str, object]:
    """Give spreads, what the best start gains, and shares of printed differences below luck's."""
    named: dict[str, object] = {"two_runs": numbers.TWO_RUNS}
    for corpus in numbers.corpora(ledger):
        for protocol in (CLEAN, SHARED):
            where, end = (ledger, corpus, protocol), f"{_plain(corpus)}_{_plain(protocol)}"
            spreads = {
                "start": numbers.spread(*where, varies="start"),
                "split": numbers.spread(*where, varies="split"),
                "fold": numbers.spread_of_folds(*where),
            }
            named |= {f"{name}_{end}": one.value for name, one in spreads.items() if one}
            starts = numbers.trials(ledger, corpus, MLP, protocol, varies="start")
            if starts is not None and len(starts.seeds) > 1:
                values = starts.by_seed(UA)
                named[f"best_{end}"] = values.max() - values.mean()
                named["seeds"] = len(values)
    for word in ("start", "split", "fold", "best"):
        values = [value for name, value in named.items() if name.startswith(f"{word}_")]
        if values:
            named |= span(f"{word}s", values)
    for folder, listed in LISTS.items():
        lists = listed.lists()
        named[f"{folder}_systems"] = sum(map(len, lists.values()))
        named[f"{folder}_neighbours"] = len(listed.differences())
        for name, yardstick in numbers.yardsticks(ledger, listed).items():
            end = f"{folder}_{_plain(name)}"
            named[f"luck_{end}"] = yardstick.value
            named[f"below_{end}"] = numbers.share_below(listed.differences(), yardstick.value)
            named[f"pairs_{end}"] = numbers.share_below(listed.pairs(), yardstick.value)
            is_most = named[f"below_{end}"] >= 0.5
            named[f"{end}_mark"] = HALVES[not is_most]
            first = listed.first_over_second()
            named[f"first_{end}"] = int((first < yardstick.value).sum())
        named[f"{folder}_lists"] = len(lists)
    return named


def _speakers(ledger: Ledger) -> dict[str, object]:
    """Give the widths of intervals by number of speakers, and how many speakers an effect needs."""
    if MANY not in numbers.corpora(ledger):
        return {}
    named: dict[str, object] = {}
    runs = {model: numbers.speaker_scores(ledger, model) for model in MODELS}
    scores = {model: values.mean(1) for model, values in runs.items()}
    for model, values in scores.items():
        for row in numbers.by_speakers(values):
            end = f"{SHORT[model]}_{row.speakers}"
            named |= {f"width_{end}": row.width, f"cover_{end}": row.coverage}
            named[f"range_{end}"] = row.range
        named[f"deviation_{SHORT[model]}"] = values.std(ddof=1)
        named[f"needed_{SHORT[model]}"] = numbers.speakers_needed(values, points=EFFECT, power=0.5)
        named[f"noise_{SHORT[model]}"] = numbers.binomial_share(values, _clips(ledger))
    named["speakers_best"], named["speakers_worst"] = (scores[MLP].max(), scores[MLP].min())
    difference = scores[MLP] - scores[LOGISTIC]
    named["needed_paired"] = numbers.speakers_needed(difference, points=EFFECT)
    one = runs[MLP] - runs[LOGISTIC]
    named["needed_one"] = numbers.speakers_needed(one, points=EFFECT)
    named["needed_apart"] = numbers.speakers_needed(np.sqrt(2) * scores[MLP], points=EFFECT)
    named["deviation_paired"] = difference.std(ddof=1)
    return named | {"effect": EFFECT, "fewest": min(WIDTHS), "speakers": len(scores[MLP])}


def _clips(ledger: Ledger) -> float:
    """Count the clips of a speaker of ``MANY``."""
    chosen = numbers.trials(ledger, MANY, MLP)
    return chosen.confusion().sum() / len(chosen.seeds) / len(chosen.groups)


def _hunted() -> dict[str, object]:
    """Give how many pairs of copies the leak hunter found, in each corpus and in all."""
    named: dict[str, object] = {}
    for report in numbers.hunted():
        named[f"{_plain(report['corpus'])}_copies"] = len(report["pairs"])
        named[f"{_plain(report['corpus'])}_clips"] = report["clips"]
    named["copies"] = sum(len(report["pairs"]) for report in numbers.hunted())
    named["hunted_clips"] = sum(report["clips"] for report in numbers.hunted())
    named["hunted_leaks"] = sum(sum(report["leaks"].values()) for report in numbers.hunted())
    return named


def _plain(name: str) -> str:
    """Write a name as a word of a number's name: "coraa-ser" as "coraa"."""
    return name.removesuffix("-ser").replace(" ", "_").replace("-", "_").lower()
