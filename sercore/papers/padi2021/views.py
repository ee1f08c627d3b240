"""Inside one network of paper 04: what its pooled frames keep of emotions and of speakers, before the second stage and after it."""

from sklearn.metrics import silhouette_score

from sercore.evaluation.embeddings import neighbours
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.grid import FINETUNED, GRID
from sercore.papers.padi2021.trial import Trial, build, pooled, trained

# Systems with statistics pooling and masks: random start, the speaker recogniser as it is, and trained on.
ROWS = tuple(
    row for row in (*GRID, *FINETUNED) if row.pooling == "statistics" and row.augmentation == "both"
)


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network, before and after its training: plain values, as they are kept.

    Args:
        trial: whose network; of fold 0, whose test clips are looked at.
        data: that it was trained on.
        device: where the network runs (default "cpu").

    Returns:
        ``stages``: "before" or "after", corpus/speaker, class and t-SNE place of each test clip's pooled frames; of a frozen
        network, whose pooled frames no training changes, "before" alone. ``silhouettes``: of each, of emotions and of speakers,
        between -1 and 1.

    Source: Padi et al. 2021, section 3.3; maps and silhouettes are ours.
    """
    fitted = trained(trial, data, device=device)
    place = next(fitted.network.parameters()).device
    before = build(trial, data, device=device).to(place).eval()
    classes, target = data.classes[trial.experiment], data.targets[trial.experiment][fitted.test]
    speakers = data.groups[fitted.test]
    rows, silhouettes = [], []
    for when, network in (("before", before), ("after", fitted.network))[
        : 1 if trial.transfer == "frozen" else 2
    ]:
        found = pooled(trial, data, network, fitted.test)
        told = {"emotion": target, "speaker": speakers}
        silhouettes += [
            [when, what, float(silhouette_score(found, given))]
            for what, given in told.items()
            if len(set(given.tolist())) > 1
        ]
        for speaker, number, (x, y) in zip(
            speakers, target, neighbours(found, seed=trial.seed).round(3), strict=True
        ):
            rows.append([when, str(speaker), classes[number], float(x), float(y)])
    return {"stages": rows, "silhouettes": silhouettes, "clips": len(target)}
