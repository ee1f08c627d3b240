"""Scripts of the demo corpora: who says what, in which voice, manner and recording."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from sercore import store
from sercore.corpora import CorpusError
from sercore.corpora.demo import sentences
from sercore.corpora.demo.recordings import Recording

EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")


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


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One clip before it is spoken."""

    file: str
    speaker: str  # name in the corpus; for demo-conversa that of the recording
    emotion: str  # one of EMOTIONS
    text: str  # id of the sentence
    utterance: Utterance

    def row(self) -> dict[str, str]:
        """Return the row of the corpus' table, without the content's hash."""
        row = {"file": self.file, "speaker": self.speaker, "emotion": self.emotion}
        row |= {"text": self.text, "language": self.utterance.language}
        voice = self.utterance.voice
        return row | {"gender": voice.gender, "voice": voice.name}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A corpus in which every speaker says every sentence in every emotion."""

    language: str  # BCP 47 tag
    sentences: tuple[str, ...]
    women: tuple[str, ...]  # voices of the synthesiser, one a speaker
    men: tuple[str, ...]
    recording: Recording  # conditions of the whole corpus
    emotions: tuple[str, ...] = EMOTIONS


CASTS = {
    "demo-studio": Cast(
        language="en-GB",
        sentences=sentences.ENGLISH,
        women=("Female2", "Female3"),
        men=("Male2", "Male3"),
        recording=Recording(low=60, high=7600, noise=48, colour=-3, decay=0.12, direct=16, room=1),
    ),
    "demo-labor": Cast(
        language="de-DE",
        sentences=sentences.GERMAN,
        women=("Female1", "Female4"),
        men=("Male5", "Male7"),
        recording=Recording(
            low=80, high=5200, noise=36, colour=0, decay=0.2, direct=12, gain=2, room=2
        ),
    ),
    "demo-scena": Cast(
        language="it-IT",
        sentences=sentences.ITALIAN,
        women=("Female5", "Annie"),
        men=("Male6", "Gene2"),
        recording=Recording(
            low=120, high=7000, noise=28, colour=-6, decay=0.55, direct=5, gain=-3, room=3
        ),
    ),
    "demo-gender": Cast(
        language="pt-BR",
        sentences=sentences.PORTUGUESE_READ,
        women=("Female2", "Female4", "Female5", "Linda", "Auntie"),
        men=("Male2", "Male4", "Male7", "Norbert", "Max"),
        recording=Recording(low=80, high=7400, noise=34, colour=-3, decay=0.15, direct=14, room=4),
        emotions=("neutral",),
    ),
}
NAMES = ("demo-conversa", *CASTS)

# Speakers of demo-conversa, in voices that demo-gender has not; two voices serve two women each.
WOMEN = ("Female1", "Female3", "Annie", "Steph", "Female1", "Female3")
MEN = ("Male1", "Male3", "Male5", "Male6", "Gene", "Michael")
RECORDINGS = 30
NEUTRAL, NON_NEUTRAL = 80, {"female": 24, "male": 16}
SHARES = {
    "happy": 0.32, "angry": 0.24, "sad": 0.16, "surprised": 0.14, "fearful": 0.07, "disgust": 0.07,
}  # fmt: skip
STRENGTH = 0.85  # spontaneous speech shows less than acted speech


def script(name: str, *, seed: int = 0) -> list[Clip]:
    """Write the script of a demo corpus; a clip's variation depends on its name and the seed alone.

    Raises:
        CorpusError: there is no demo corpus of that name.
    """
    if name not in NAMES:
        raise CorpusError(
            f"{name}: no demo corpus of that name; expected one of {', '.join(NAMES)}."
        )
    return _acted(name, CASTS[name], seed) if name in CASTS else _spontaneous(name, seed)


def _acted(name: str, cast: Cast, seed: int) -> list[Clip]:
    short = name.removeprefix("demo-")
    voices = _voices(short, {"female": cast.women, "male": cast.men}, seed)
    numbered = list(enumerate(cast.sentences, 1))
    clips = []
    for voice, emotion, (number, text) in product(voices, cast.emotions, numbered):
        file = f"{voice.name}_{emotion}_{number:02d}.wav"
        utterance = Utterance(
            language=cast.language,
            text=text,
            voice=voice,
            manner=draw_manner(emotion, voice, _draw(seed, name, file)),
            recording=cast.recording,
            seed=_number(seed, name, file, "sound"),
        )
        about = {"file": file, "speaker": voice.name, "emotion": emotion}
        clips.append(Clip(**about, text=f"{short}-{number:02d}", utterance=utterance))
    return clips


def _spontaneous(name: str, seed: int) -> list[Clip]:
    short = name.removeprefix("demo-")
    draw = _draw(seed, name)
    voices = _voices(short, {"female": WOMEN, "male": MEN}, seed)
    clips = []
    for index, turns in enumerate(_turns(draw), 1):
        speaker = f"{short}{index:02d}"
        recording = _draw_recording(_draw(seed, name, speaker))
        present = {}
        for gender in ("female", "male"):
            present[gender] = draw.choice([voice for voice in voices if voice.gender == gender])
        for number, (gender, emotion) in enumerate(draw.permutation(turns), 1):
            file = f"{speaker}_segment{number:02d}_{emotion}.wav"
            line = int(draw.integers(len(sentences.PORTUGUESE_SPOKEN)))
            voice = present[gender]
            manner = draw_manner(str(emotion), voice, _draw(seed, name, file), strength=STRENGTH)
            utterance = Utterance(
                language="pt-BR",
                text=sentences.PORTUGUESE_SPOKEN[line],
                voice=voice,
                manner=manner,
                recording=recording,
                seed=_number(seed, name, file, "sound"),
            )
            about = {"file": file, "speaker": speaker, "emotion": str(emotion)}
            clips.append(Clip(**about, text=f"{short}-{line + 1:02d}", utterance=utterance))
    return clips


def _turns(draw: np.random.Generator) -> list[list[tuple[str, str]]]:
    """Draw gender and emotion of the turns in each recording.

    Every third recording has a woman, the next one a man, the next one both.
    """
    present = [("female",), ("male",), ("female", "male")] * (RECORDINGS // 3)
    turns: list[list[tuple[str, str]]] = [[] for _ in present]
    extra = draw.integers(RECORDINGS, size=NEUTRAL - 2 * RECORDINGS)
    for place in [*range(RECORDINGS), *range(RECORDINGS), *extra]:
        turns[place].append((str(draw.choice(present[place])), "neutral"))
    for gender, count in NON_NEUTRAL.items():
        possible = [place for place, genders in enumerate(present) if gender in genders]
        places = draw.permutation(possible)[:14]
        emotions = draw.permutation(_quota(count))
        places = [*places, *draw.choice(places, count - len(places))]
        for place, emotion in zip(places, emotions, strict=True):
            turns[place].append((gender, str(emotion)))
    return turns


def _quota(count: int) -> list[str]:
    edges = np.round(np.cumsum([0, *SHARES.values()]) * count).astype(int)
    return np.repeat(list(SHARES), np.diff(edges)).tolist()


def _draw_recording(draw: np.random.Generator) -> Recording:
    return Recording(
        low=float(draw.uniform(60, 250)),
        high=float(draw.uniform(3400, 7500)),
        noise=float(draw.uniform(12, 28)),
        colour=float(draw.uniform(-8, -2)),
        decay=float(draw.uniform(0.2, 0.7)),
        direct=float(draw.uniform(2, 10)),
        gain=float(draw.uniform(-5, 3)),
        room=int(draw.integers(2**31)),
    )


def _voices(short: str, bases: dict[str, tuple[str, ...]], seed: int) -> list[Voice]:
    voices = []
    for gender, names in bases.items():
        for number, base in enumerate(names, 1):
            name = f"{short}-{gender[0]}{number}"
            voices.append(draw_voice(name, gender, base, _draw(seed, name)))
    return voices


def _draw(seed: int, *names: str) -> np.random.Generator:
    return np.random.default_rng(_number(seed, *names))


def _number(seed: int, *names: str) -> int:
    return int(store.digest([seed, *names]), 16)
