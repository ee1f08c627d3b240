"""The pretrained weights that HUBERTFT and MMFUSION are tuned from: where they are, whether they are there, what they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from sercore import encoders
from sercore.encoders import Encoder, EncoderError
from sercore.models.hubertft import attach
from sercore.papers.biagini2022 import convnext as loopq_convnext

# The report's, by what reads them: a model's speech encoder, or MMFUSION's ConvNeXt.
PUBLISHED = {
    "HUBERTFT": "facebook/hubert-large-ll60k",
    "MMFUSION": "facebook/hubert-base-ls960",
    "pictures": "facebook/convnext-base-224",
}


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights that a training starts from.

    Args:
        address: hub id, folder or "random".
        name: last part of it.
        content: digest of configuration and weights.
        width: values a frame of a speech encoder; 0 (default) for a ConvNeXt.
        shortest: samples that its first frame takes; 0 (default) for a ConvNeXt.
    """

    address: str
    name: str
    content: str
    width: int = 0
    shortest: int = 0


def addresses(names: Iterable[str], edition: str, *, encoder: str, pictures: str) -> dict[str, str]:
    """Where weights are: hub ids, folders, "random", or "none" where there are none.

    Args:
        names: of the weights, in ``PUBLISHED``.
        edition: whose own weights "auto" means: random in the demo; the report's otherwise, "none" where they are not on this
            machine. The paper's edition names them in any case: it refuses to run without.
        encoder: of the speech encoders: hub id, folder, "random", "none" or "auto".
        pictures: likewise of ConvNeXt.
    """
    given = {what: pictures if what == "pictures" else encoder for what in names}
    return {
        what: _own(what, edition) if address == "auto" else address
        for what, address in given.items()
    }


def there(what: str, address: str) -> bool:
    """Whether weights can be read.

    Args:
        what: name in ``PUBLISHED``.
        address: hub id, folder, "random" or "none".
    """
    try:
        return address != "none" and bool(content(what, address))
    except EncoderError:
        return False


def content(what: str, address: str) -> str:
    """Digest of configuration and weights, without loading them.

    Args:
        what: name in ``PUBLISHED``.
        address: hub id, folder or "random".

    Raises:
        EncoderError: weights that are not there.
    """
    return loopq_convnext.content(address) if what == "pictures" else encoders.content(address)


def described(names: Iterable[str], where: Mapping[str, str]) -> dict[str, Weights]:
    """Weights by their names in ``PUBLISHED``, each loaded once to see that it can be tuned.

    Args:
        names: those that are read.
        where: as ``addresses`` gives it.

    Raises:
        EncoderError: weights that cannot be loaded or tuned.
    """
    return {
        what: _picture(where[what]) if what == "pictures" else _speech(where[what])
        for what in names
    }


def loaded(what: str, weights: Weights) -> Encoder | nn.Module | None:
    """A speech encoder or a ConvNeXt; None for a random ConvNeXt, which each training draws for itself.

    Args:
        what: name in ``PUBLISHED``.
        weights: as ``described`` gives them.

    Raises:
        EncoderError: weights that are gone, or not those described.
    """
    if content(what, weights.address) != weights.content:
        raise EncoderError(
            f"{weights.address}: other weights than as this run began; expected the same to its end. Put them back, or start anew."
        )
    if what == "pictures":
        return None if weights.address == "random" else loopq_convnext.load(weights.address)
    return encoders.load(weights.address)


def _own(what: str, edition: str) -> str:
    if edition == "demo":
        return "random"
    return PUBLISHED[what] if edition == "paper" or there(what, PUBLISHED[what]) else "none"


def _speech(address: str) -> Weights:
    encoder = encoders.load(address)
    try:
        attach(encoder.model, frozen=False)
    except ValueError as error:
        raise EncoderError(f"{address}: {error}") from error
    return Weights(
        address=address,
        name=encoder.name,
        content=encoder.content,
        width=encoder.width,
        shortest=encoder.shortest,
    )


def _picture(address: str) -> Weights:
    content = loopq_convnext.content(address)
    if address == "random":
        return Weights(address=address, name=address, content=content)
    loopq_convnext.load(address)
    return Weights(address=address, name=Path(address).resolve().name, content=content)
