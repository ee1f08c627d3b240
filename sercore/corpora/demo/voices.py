"""Utterances as Praat's synthesiser speaks them, shaped by voice and manner."""

import ctypes
import math

import numpy as np
import parselmouth
from parselmouth.praat import call

from sercore.audio import RATE
from sercore.corpora.demo.recordings import filtered, rounded_up
from sercore.corpora.demo.scripts import Utterance

LANGUAGES = {
    "de-DE": "German",
    "en-GB": "English (Great Britain)",
    "it-IT": "Italian",
    "pt-BR": "Portuguese (Brazil)",
}
OVERSAMPLING = 4
WORDS_A_MINUTE = 182

# Median pitch in Hz of each of the synthesiser's voices, measured in Brazilian Portuguese.
PITCH = {
    "Annie": 233, "Auntie": 169, "Female1": 180, "Female2": 194, "Female3": 208, "Female4": 179,
    "Female5": 203, "Linda": 224, "Steph": 182,
    "Gene": 95, "Gene2": 114, "Male1": 92, "Male2": 100, "Male3": 104, "Male4": 95, "Male5": 101,
    "Male6": 100, "Male7": 106, "Max": 100, "Michael": 105, "Norbert": 100,
}  # fmt: skip


def speak(utterance: Utterance) -> np.ndarray:
    """Speak one utterance; call it in a fresh process, as the synthesiser has a memory.

    The samples, int16 at 16 kHz, are the same for the same utterance on one platform.
    """
    draw = np.random.default_rng(utterance.seed)
    manner = utterance.manner
    samples = _trimmed(_synthesised(utterance))
    samples = _irregular(samples, utterance.voice.tract, manner.roughness, draw)
    samples = _breathy(_tilted(samples, manner.tilt), manner.breath, draw)
    return utterance.recording.capture(samples, level=manner.level, draw=draw)


def _synthesised(utterance: Utterance) -> np.ndarray:
    voice, manner = utterance.voice, utterance.manner
    ctypes.CDLL(None).srand(1)  # breath is drawn by C's rand, whose state a caller may have moved
    parselmouth.praat.run(
        f"random_initializeWithSeedUnsafelyButPredictably ({utterance.seed % 2**31})"
    )
    synthesiser = call("Create SpeechSynthesizer", LANGUAGES[utterance.language], voice.base)
    rate = float(np.clip(WORDS_A_MINUTE * voice.tempo * manner.tempo / voice.tract, 90, 300))
    # Measured: mean pitch is (0.29 + 0.71 setting) (0.88 + 0.12 spread) of the voice's own.
    spread = 0.88 + 0.12 * manner.spread
    pitch = voice.pitch / PITCH[voice.base] * manner.pitch / voice.tract / spread
    setting = float(np.clip((pitch - 0.29) / 0.71, 0.6, 2.0))
    settings = (float(RATE), 0.01, setting, manner.spread, round(rate), "IPA")
    call(synthesiser, "Speech output settings", *settings)
    return call(synthesiser, "To Sound", utterance.text + manner.ending, "no")[0].values[0]


def _trimmed(samples: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def _irregular(
    samples: np.ndarray, tract: float, roughness: float, draw: np.random.Generator
) -> np.ndarray:
    """Scale formants and pitch by ``tract``, with a speed that wavers from cycle to cycle."""
    size = rounded_up(len(samples))
    spectrum = np.fft.rfft(samples, size)
    spectrum[int(len(spectrum) / max(tract, 1)) :] = 0
    fine = np.fft.irfft(spectrum, size * OVERSAMPLING) * OVERSAMPLING
    steps = int(len(samples) / tract)
    knots = np.arange(0, steps + 80, 80)  # one every 5 ms
    wavering = np.interp(np.arange(steps), knots, draw.normal(size=len(knots)))
    places = np.cumsum(tract * (1 + roughness / 100 * wavering)) * OVERSAMPLING
    return np.interp(places[places < len(samples) * OVERSAMPLING], np.arange(len(fine)), fine)


def _tilted(samples: np.ndarray, tilt: float) -> np.ndarray:
    def gain(hertz: np.ndarray) -> np.ndarray:
        return 10 ** (tilt * np.log2(np.maximum(hertz, 125) / 500) / 20)

    return filtered(samples, gain)


def _breathy(samples: np.ndarray, breath: float, draw: np.random.Generator) -> np.ndarray:
    envelope = np.sqrt(np.convolve(samples**2, np.full(320, 1 / 320), mode="same"))
    noise = np.diff(draw.normal(size=len(samples) + 1)) / math.sqrt(2)
    return samples + breath * envelope * noise * 3
