"""Golden trials of chapter 5: both models under each protocol, and with shuffled labels."""

from itertools import product

from sercore.papers.luck import study
from sercore.papers.luck.trial import MODELS, PROTOCOLS, SHUFFLED, Trial, run
from tests.golden.watching import Golden
from tests.papers.luck import luck_toy

TOLERANCE = 1e-4


def trials() -> list[Golden]:
    """One trial of each code path."""
    plans = [("leaks", *pair, "none", "all") for pair in product(MODELS, PROTOCOLS)]
    plans += [("leaks", model, name, SHUFFLED, "all") for name, model in sorted(study.CONTROLLED)]
    plans += [("luck", *pair, "none", "split") for pair in product(MODELS, study.VARIED)]
    clips, goldens = luck_toy.data(speakers=4, counts=(10, 8, 7)), []
    for kind, model, protocol, control, varies in plans:
        settings = {"model": model, "protocol": protocol, "control": control, "varies": varies}
        trial = Trial(corpus=luck_toy.CORPUS, seed=0, edition="open", **settings)
        name = ", ".join([model, protocol, *[control] * (control != "none")])
        goldens.append(Golden(study, kind, name, trial, clips, run, TOLERANCE))
    return goldens
