"""Synthetic voices: speakers, manners of emotions, and utterances of Praat's synthesiser."""

import math
from dataclasses import dataclass

import numpy as np
import parselmouth
from parselmouth.praat import call

from sercore.audio import RATE
from sercore.corpora.demo.recordings import Recording, filtered, rounded_up

EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
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


@dataclass(frozen=True, kw_only=True)
class Manner:
    """Manner in which an emotion is spoken, relative to the same voice in neutral speech."""

    pitch: float = 1.0  # factor of the mean pitch
    spread: float = 1.0  # factor of the pitch range, 0 to 2
    tempo: float = 1.0  # factor of the speaking rate
    level: float = 0.0  # dB
    tilt: float = 0.0  # dB an octave about 500 Hz: energy in high frequencies
    roughness: float = 0.3  # percent: standard deviation of the length of cycles
    breath: float = 0.01  # aspiration noise, factor of the voice's envelope
    ending: str = "."  # punctuation that steers the synthesiser's contour


MANNERS = {
    "neutral": Manner(),
    "happy": Manner(pitch=1.25, spread=1.5, tempo=1.08, level=2.5, tilt=0.8, ending="!"),
    "sad": Manner(
        pitch=0.91, spread=0.6, tempo=0.85, level=-4.0, tilt=-1.5, roughness=0.6, breath=0.03
    ),
    "angry": Manner(
        pitch=1.2, spread=1.35, tempo=1.12, level=5.0, tilt=1.8, roughness=1.5, ending="!"
    ),
    "fearful": Manner(
        pitch=1.3, spread=0.7, tempo=1.18, level=-2.0, tilt=-0.5, roughness=1.8, breath=0.04
    ),
    "disgust": Manner(pitch=0.9, spread=1.1, tempo=0.82, level=-1.5, tilt=-0.3, roughness=2.2),
    "surprised": Manner(pitch=1.35, spread=1.7, tempo=1.05, level=2.0, tilt=0.6, ending="?"),
}


@dataclass(frozen=True, kw_only=True)
class Voice:
    """One speaker."""

    name: str  # unique over all corpora
    gender: str  # "female" or "male"
    base: str  # the synthesiser's voice
    tract: float  # factor of the formants; a shorter vocal tract has more
    pitch: float  # Hz: mean of neutral speech
    tempo: float  # factor of the speaking rate
    expression: float  # share of a manner that this speaker shows, 1 for all of it


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Plain values of one clip that ``speak`` needs."""

    language: str  # BCP 47 tag, one of LANGUAGES
    text: str  # without the mark at its end
    voice: Voice
    manner: Manner  # with this speaker's and this clip's variation
    recording: Recording
    seed: int  # of this clip's random numbers


def draw_voice(name: str, gender: str, base: str, draw: np.random.Generator) -> Voice:
    """Draw a speaker's vocal tract, pitch, tempo and expression; arguments as in ``Voice``."""
    low, high = (172, 228) if gender == "female" else (98, 138)
    return Voice(
        name=name,
        gender=gender,
        base=base,
        tract=float(draw.uniform(0.95, 1.06)),
        pitch=float(draw.uniform(low, high)),
        tempo=float(draw.uniform(0.93, 1.08)),
        expression=float(draw.uniform(0.65, 1.1)),
    )


def draw_manner(
    emotion: str, voice: Voice, draw: np.random.Generator, *, strength: float = 1.0
) -> Manner:
    """Draw the manner of one clip from the rule of its emotion, of strength 1 for acted speech.

    Source: Juslin and Laukka 2003 and Banse and Scherer 1996 for the direction of each cue in joy,
    sadness, anger and fear (pitch, its range, rate, intensity, high-frequency energy,
    irregularity); Murray and Arnott 1993 for disgust; Scherer and Oshinsky 1977 for surprise.
    Deviation: sizes and variation are chosen, so that a linear classifier is neither sure nor lost.
    """
    rule, shown = MANNERS[emotion], voice.expression * strength
    return Manner(
        pitch=float(rule.pitch**shown * math.exp(draw.normal(0, 0.1))),
        spread=float(np.clip(rule.spread**shown * math.exp(draw.normal(0, 0.33)), 0.1, 1.9)),
        tempo=float(np.clip(rule.tempo**shown * math.exp(draw.normal(0, 0.11)), 0.8, 1.25)),
        level=float(rule.level * shown + draw.normal(0, 3.0)),
        tilt=float(rule.tilt * shown + draw.normal(0, 1.1)),
        roughness=float(rule.roughness * math.exp(draw.normal(0, 0.4))),
        breath=float(rule.breath * math.exp(draw.normal(0, 0.4))),
        ending=rule.ending,
    )


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
