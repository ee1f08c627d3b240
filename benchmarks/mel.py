"""Seconds a clip of the mel spectrogram and of the 40 cepstral coefficients, beside librosa's of the same clips, in one run.

Usage: ``python -m benchmarks.mel``: twenty clips of CORAA SER and RAVDESS under ``SER_CORPORA``
or ``../shared/corpora``, or else of the demo corpus.
The fastest of three rounds counts, one thread each; compare the ratios, not the milliseconds.
"""

import time
from collections.abc import Callable

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.features import clips
from sercore import audio
from sercore.features.mel import COEFFICIENTS, DECIBELS, LINEAR, PICTURE, MelSettings, mel, mfcc

ROUNDS = 3


def librosas(samples: np.ndarray, how: MelSettings) -> np.ndarray:
    shape = {"n_fft": how.fft, "win_length": how.window, "hop_length": how.hop, "n_mels": how.bands}
    bands = librosa.feature.melspectrogram(
        y=samples, sr=how.rate, **shape, htk=True, norm=None, pad_mode="reflect"
    )
    return librosa.power_to_db(bands, ref=1, top_db=how.floor) if how.decibels else bands


def librosas_mfcc(samples: np.ndarray) -> np.ndarray:
    return librosa.feature.mfcc(S=librosas(samples, DECIBELS), n_mfcc=COEFFICIENTS)


PAIRS = {
    "mel, dB": (mel, lambda samples: librosas(samples, DECIBELS)),
    "mel, linear": (
        lambda samples: mel(samples, settings=LINEAR),
        lambda samples: librosas(samples, LINEAR),
    ),
    "mel, FFT 2048": (
        lambda samples: mel(samples, settings=PICTURE),
        lambda samples: librosas(samples, PICTURE),
    ),
    "MFCC": (mfcc, librosas_mfcc),
}


def one_round(measure: Callable[[np.ndarray], np.ndarray], signals: list[np.ndarray]) -> float:
    start = time.perf_counter()
    for samples in signals:
        measure(samples)
    return (time.perf_counter() - start) / len(signals)


def main() -> None:
    signals = [audio.read(path) for path in clips(20)]
    print(
        f"{len(signals)} clips of {np.mean([len(samples) for samples in signals]) / audio.RATE:.2f} s on average"
    )
    with threadpool_limits(1):
        for name, (own, peer) in PAIRS.items():
            apart = max(
                np.abs(own(samples) - peer(samples).T).max() / np.ptp(own(samples))
                for samples in signals
            )
            # In turns, so that both meet the same load of the machine.
            rounds = [(one_round(own, signals), one_round(peer, signals)) for _ in range(ROUNDS)]
            ours, theirs = map(min, zip(*rounds, strict=True))
            print(
                f"{name:14s} {1e3 * ours:6.2f} ms a clip; librosa {1e3 * theirs:6.2f} ms, {theirs / ours:.2f} times ours;"
                f" {apart:.0e} of the range apart"
            )


if __name__ == "__main__":
    main()
