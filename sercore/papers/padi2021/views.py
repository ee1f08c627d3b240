"""Looks into the networks of Padi et al. 2021: what their pooled frames keep."""

from sklearn.metrics import silhouette_score

from sercore.evaluation.embeddings import neighbours
from sercore.papers.padi2021.data import Data
from sercore.papers.padi2021.trial import Trial, build, pooled, trained


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look at the test clips in a trial's network, before and after its training.

    Returns:
        Plain values: ``stages``: "before" or "after", corpus/speaker, class and t-SNE place of each
        clip's pooled frames; of a frozen network, whose pooled frames no training changes, "before"
        alone. ``silhouettes`` of emotions and of speakers in each stage, between -1 and 1.

    Source: Padi et al. 2021, section 3.3; maps and silhouettes are ours.
    """
    fitted = trained(trial, data, device=device)
    place = next(fitted.network.parameters()).device
    networks = {"before": build(trial, data, device=device).to(place).eval()}
    if trial.transfer != "frozen":
        networks["after"] = fitted.network
    target, speakers = data.targets[trial.experiment][fitted.test], data.groups[fitted.test]
    names = [data.classes[trial.experiment][number] for number in target]
    stages, silhouettes = [], []
    for stage, network in networks.items():
        frames = pooled(trial, data, network, fitted.test)
        for what, labels in (("emotion", target), ("speaker", speakers)):
            if len(set(labels.tolist())) > 1:
                silhouettes.append([stage, what, float(silhouette_score(frames, labels))])
        points = neighbours(frames, seed=trial.seed).round(3).tolist()
        for speaker, name, point in zip(speakers.tolist(), names, points, strict=True):
            stages.append([stage, speaker, name, *point])
    return {"stages": stages, "silhouettes": silhouettes, "clips": len(target)}
