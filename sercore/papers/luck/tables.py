"""Tables of chapter 5: scores under each protocol, spreads of luck, printed differences, speakers."""

from collections.abc import Mapping

import numpy as np
from IPython.display import HTML

from sercore.corpora.clips import TITLES
from sercore.evaluation.estimates import Estimate, level
from sercore.evaluation.scores import F1
from sercore.ledger.entries import Ledger
from sercore.papers.luck import numbers
from sercore.papers.luck.numbers import LISTS, UA, Listed, Spread
from sercore.papers.luck.trial import CLEAN, LOGISTIC, MLP, MODELS, PROTOCOLS, SHARED, SHUFFLED
from sercore.report.tables import DASH, html, shown

MARKS = {"holds": "more", "fails": "less", "inconclusive": "open"}


def scores(ledger: Ledger, *, folded: bool | None = None) -> HTML:
    """Show the UA of both models under each protocol, and of the regression on shuffled labels."""
    rows = []
    for corpus in numbers.corpora(ledger):
        for name, model, control in (
            *((model, model, "none") for model in MODELS),
            (f"{LOGISTIC}, {SHUFFLED}", LOGISTIC, SHUFFLED),
        ):
            cells = []
            for protocol in PROTOCOLS:
                chosen = numbers.trials(ledger, corpus, model, protocol, control=control)
                cells.append(shown(None if chosen is None else level(chosen, UA), 1))
            rows.append((TITLES.get(corpus, corpus), name, *cells))
    caption = f"Unweighted accuracy in % under each protocol, {ledger.source}"
    note = "95 % intervals of the mean, over speakers (CORAA SER: recordings) and seeds"
    return html(("corpus", "model", *PROTOCOLS), rows, caption=caption, note=note, folded=folded)


def differences(
    ledger: Ledger, estimates: Mapping[tuple[str, str, str], Estimate], *, folded: bool = True
) -> HTML:
    """Show what each leak adds, and its sign, all judged together."""
    rows, marked = [], numbers.marks(estimates)
    for (leak, corpus, model), gap in estimates.items():
        with_leak, without = numbers.LEAKS[leak]
        mark = MARKS[marked[leak, corpus, model]]
        sign = (mark, gap.doubt) if gap.doubt else mark
        value = shown(gap, 1, signed=True)
        rows.append((f"{with_leak} over {without}", TITLES.get(corpus, corpus), model, value, sign))
    heads = ("protocols", "corpus", "model", "points of UA", "sign")
    caption = f"What each leak adds, {ledger.source}"
    return html(heads, rows, caption=caption, folded=folded)


def luck(ledger: Ledger, *, folded: bool | None = None) -> HTML:
    """Show what seeds, splits and single folds move in the UA of each corpus."""
    rows = []
    for corpus in numbers.corpora(ledger):
        for protocol in (CLEAN, SHARED):
            where = ledger, corpus, protocol
            spreads = [
                numbers.spread(*where, varies="start"),
                numbers.spread(*where, varies="split"),
                numbers.spread(*where, varies="split", model=LOGISTIC),
                numbers.spread_of_difference(*where),
                numbers.spread_of_folds(*where),
            ]
            starts = numbers.trials(ledger, corpus, MLP, protocol, varies="start")
            best = DASH
            if starts is not None:
                values = starts.by_seed(UA)
                best = f"{numbers.best_of(values, len(values)) - values.mean():+.1f}"
            title = TITLES.get(corpus, corpus)
            rows.append((title, protocol, *map(_spread, spreads), best))
    groups = "standard deviation, points of UA"
    heads = [
        ("", "corpus"),
        ("", "protocol"),
        (groups, "other start, MLP"),
        (groups, "other split, MLP"),
        (groups, "other split, regression"),
        (groups, "MLP minus regression, other split"),
        (groups, "one held-out fold, MLP"),
        ("", "best start over the mean"),
    ]
    caption = f"What luck moves, {ledger.source}"
    note = "95 % intervals of a standard deviation, for normal values"
    return html(heads, rows, caption=caption, note=note, folded=folded)


def printed(ledger: Ledger, own: Ledger | None = None, *, folded: bool = False) -> HTML:
    """Show which share of each paper's printed differences is smaller than what luck makes.

    Args:
        ledger: ledger of this chapter.
        own: ledger of chapter 1, whose networks' own seeds are a further yardstick.
        folded: see ``html``.
    """
    rows = []
    for listed in LISTS.values():
        systems = sum(map(len, listed.lists().values()))
        about = f"{systems} in {len(listed.lists())}"
        for name, yardstick in numbers.yardsticks(ledger, listed).items():
            where = f"{name}, {TITLES[listed.corpus]}, {listed.protocol}"
            rows.append(
                (listed.title, about, where, _spread(yardstick), *_shares(listed, yardstick))
            )
        if own is not None and listed.paper == own.paper.name:
            spread = own_spread(own)
            where = "seed and folds, the paper's own networks as published"
            rows.append((listed.title, about, where, _spread(spread), *_shares(listed, spread)))
    group = "differences smaller than that"
    heads = [
        ("", "paper"),
        ("", "systems in lists"),
        ("", "two runs that differ in"),
        ("", "1 of 20 differ by more than"),
        (group, "neighbours in rank"),
        (group, "best and second"),
        (group, "any two"),
    ]
    return html(heads, rows, caption="Printed differences beside luck", folded=folded)


def own_spread(own: Ledger) -> Spread:
    """Measure what the seed moves in chapter 1's own networks, in points, the mean over them."""
    spreads = []
    for number in own.printed:
        chosen = own.trials(number.row) if number.metric == F1 else None
        if chosen is not None and len(chosen.seeds) > 1:
            spreads.append(Spread.of(100 * chosen.by_seed(F1)).times(numbers.TWO_RUNS))
    means = np.array([[one.value, one.low, one.high] for one in spreads]).mean(0)
    return Spread(*means.tolist(), spreads[0].runs)


def speakers(ledger: Ledger, *, folded: bool = False) -> HTML:
    """Show how wide the interval of a test set is, by its number of speakers, and what it holds."""
    by_model = {}
    for model in MODELS:
        by_model[model] = numbers.by_speakers(numbers.speaker_scores(ledger, model).mean(1))
    rows = []
    for at, many in enumerate(numbers.WIDTHS):
        cells = []
        for widths in by_model.values():
            row = widths[at]
            cells += [f"{row.width:.1f}", f"{row.range:.1f}", f"{100 * row.coverage:.0f} %"]
        rows.append((many, *cells))
    heads = [("", "speakers")]
    for model in by_model:
        heads += [
            (model, "mean width of the interval"),
            (model, "range of 95 % of the scores"),
            (model, "intervals that hold the truth"),
        ]
    caption = f"Intervals by the number of tested speakers, {ledger.source}"
    return html(heads, rows, caption=caption, folded=folded)


def _spread(spread: Spread | None) -> object:
    if spread is None:
        return DASH
    return f"{spread.value:.1f}", f"[{spread.low:.1f},\N{NO-BREAK SPACE}{spread.high:.1f}]"


def _shares(listed: Listed, yardstick: Spread) -> list[object]:
    """Write shares of differences below a yardstick, and below the ends of its interval."""
    cells = []
    for values in (listed.differences(), listed.first_over_second(), listed.pairs()):
        share, low, high = (
            100 * numbers.share_below(values, bound)
            for bound in (yardstick.value, yardstick.low, yardstick.high)
        )
        bounds = f"[{low:.0f},\N{NO-BREAK SPACE}{high:.0f}]"
        cells.append((f"{share:.0f} % of {len(values)}", bounds))
    return cells
