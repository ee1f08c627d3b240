"""The first stage of paper 04 by itself: the speaker recognisers of a run, trained where ``torchrun`` can share the work."""

from collections.abc import Mapping

from sercore import audio
from sercore.papers.padi2021 import speakers as padi_speakers
from sercore.papers.padi2021 import stream as padi_stream
from sercore.papers.padi2021 import study as padi
from sercore.parameters import ParameterError, checked
from sercore.training import ranks
from sercore.training.loop import choose


def pretrain(given: Mapping[str, object], *, workers: int = 0) -> list[dict]:
    """Train the speaker recognisers that a run of the chapter starts from, and keep them where the chapter finds them.

    Started by ``torchrun``, its processes share each batch, and the first one alone verifies speakers.

    Args:
        given: parameters of the chapter, as they are or as texts.
        workers: processes that read clips ahead, for clips that are not in memory, 0 or more (default 0).

    Returns:
        Of each recogniser: ``recogniser``; ``speakers``, ``clips``, ``epochs``, ``steps``, ``accuracy`` of the last epoch;
        ``equal error rate`` and that of the ``untrained`` network, over ``pairs``; ``seconds`` of training; ``folder``. Empty in
        all processes but the first.

    Raises:
        ParameterError: a parameter that is wrong, or a run that trains no recogniser.
        CorpusError: a corpus that is not there.
        AudioError: a clip that cannot be used.

    Source: Padi et al. 2021, sections 3.2 and 4.2; the verification is ours.
    """
    parameters = checked(padi.Parameters, given)
    if parameters.speaker_checkpoint:
        raise ParameterError(
            f"-p speaker_checkpoint={parameters.speaker_checkpoint}: a recogniser that is trained already; expected none."
            " Leave it out to train one."
        )
    data = padi.load(parameters)
    trials = dict.fromkeys(
        trial.recogniser for trial in padi.grid(parameters, data) if trial.transfer != "none"
    )
    if not trials:
        raise ParameterError(
            f"-p models={parameters.models} -p only={parameters.only}: no row with transfer; expected one or more, since they alone"
            " start from a recogniser. Leave them out."
        )
    try:
        with ranks.joined(choose(parameters.device)):
            rank = ranks.number()
            fitted = [
                padi_speakers.trained(trial, data.source, device=parameters.device, workers=workers)
                for trial in trials
            ]
    except audio.AudioError as error:
        raise audio.AudioError(padi_stream.message(error)) from None
    if rank:
        return []
    rows = []
    for trial, trained in zip(trials, fitted, strict=True):
        outcome = padi_speakers.run(trial, data.source, device=parameters.device)
        rows.append(
            {
                "recogniser": f"{trial.size}, masks {trial.augmentation}, pooling {trial.pooling}, seed {trial.seed}",
                "speakers": len(data.source.names),
                "clips": len(data.source.speakers),
                "epochs": len(trained.history.epochs),
                "steps": outcome["steps"],
                "accuracy": outcome["accuracy"],
                "equal error rate": outcome["equal_error_rate"],
                "untrained": outcome["equal_error_rate_untrained"],
                "pairs": outcome["pairs"],
                "seconds": round(sum(epoch["seconds"] for epoch in trained.history.epochs), 1),
                "folder": str(trained.folder),
            }
        )
    return rows
