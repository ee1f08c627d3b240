"""VoxCeleb read from its files: the same spectrograms as in memory, no speaker of the list of pairs among those who teach."""

import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sercore import audio, corpora
from sercore.corpora import voxceleb
from sercore.evaluation.embeddings import trials
from sercore.features.mel import normalise_bands
from sercore.papers.padi2021.data import log_mel
from sercore.papers.padi2021.pretraining import (
    LISTS,
    list_voxceleb,
    read_normalised,
    voxceleb_source,
)
from sercore.training import chunks
from sercore.training.batching import Ragged, Streamed
from sercore.training.chunks import batches

CLIPS = [
    "dev/wav/id10001/videoé/00001.wav",
    "dev/wav/id10001/videoé/00002.wav",
    "dev/wav/id10002/abc/00001.flac",
    "id00012/abc/00003.wav",
    "test/wav/id10270/x/00001.wav",
    "test/wav/id10270/x/00002.wav",
    "test/wav/id10271/y/00001.wav",
    "test/wav/id10271/y/00009.wav",
]
PAIRS = "1 id10270/x/00001.wav id10270/x/00002.wav\n0 id10270/x/00001.wav id10271/y/00001.wav\n"


def write(path: Path, seed: int = 0, samples: int = 4000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, samples), 16_000)
    return path


@pytest.fixture
def root(tmp_path):
    for seed, name in enumerate(CLIPS):
        write(tmp_path / "voxceleb" / name, seed, 4000 + 100 * seed)
    return tmp_path / "voxceleb"


def others():
    """Clips of two other speakers, and their pairs."""
    rows = [
        np.random.default_rng(seed).normal(size=(20, 128)).astype(np.float32) for seed in range(4)
    ]
    return Ragged.of(rows), trials(["a", "a", "b", "b"], pairs=None, seed=0)


def test_a_streamed_clip_is_the_clip_in_memory(root):
    streamed = Streamed(CLIPS, read_normalised, folder=root)
    assert len(streamed) == len(CLIPS)
    for row, name in enumerate(CLIPS):
        assert streamed.path(row) == str(root / name)
        assert np.array_equal(
            streamed.clip(row), normalise_bands([log_mel(audio.read(root / name))])[0]
        )
    assert Streamed([root / CLIPS[0]], read_normalised).path(0) == str(root / CLIPS[0])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(("samples", "told"), [(None, "cut short"), (300, "300 samples")])
def test_a_bad_clip_is_named_when_it_is_met(root, workers, samples, told):
    path = root / CLIPS[1]
    if samples:
        write(path, samples=samples)
    else:
        os.truncate(path, 2000)
    source = voxceleb_source(root, *others())
    read = chunks.epoch(range(len(CLIPS)), number=1, seed=0, lengths=(30,))
    with pytest.raises(audio.AudioError, match=f"{path}: {told}.*[Tt]hen start again") as met:
        list(batches(source.frames, np.arange(len(CLIPS)), read, ["plain"], workers=workers))
    last = str(met.value).strip().splitlines()[-1]  # above it a worker's traceback
    assert str(path) in last


def test_all_clips_teach_where_there_is_no_list(root):
    compared, (left, right, same) = others()
    source = voxceleb_source(root, compared, (left, right, same))
    table = voxceleb.read(root).table
    found = {source.frames.path(row): speaker for row, speaker in enumerate(source.speakers)}
    assert found == {
        str(path): f"voxceleb/{who}"
        for path, who in zip(table["path"], table["speaker"], strict=True)
    }
    assert source.compared is compared
    assert all(
        np.array_equal(a, b)
        for a, b in ((source.left, left), (source.right, right), (source.same, same))
    )
    assert (source.corpora, source.most, source.names[0]) == (("voxceleb",), 0, "voxceleb/id00012")


@pytest.mark.parametrize("name", LISTS)
def test_speakers_of_the_list_teach_nothing(root, name):
    (root / name).write_text(PAIRS)
    source = voxceleb_source(root, *others())
    assert source.names == ["voxceleb/id00012", "voxceleb/id10001", "voxceleb/id10002"]
    assert len(source.frames) == len(source.speakers) == 4
    compared = [
        [source.compared.path(rows[pair]) for rows in (source.left, source.right)]
        for pair in range(2)
    ]
    one = str(root / CLIPS[4])
    assert compared == [[one, str(root / CLIPS[5])], [one, str(root / CLIPS[6])]]
    assert source.same.tolist() == [True, False]


def test_the_digest_follows_names_sizes_and_pairs(root, tmp_path):
    def contents(**given):
        whole = voxceleb_source(root, *others(), **given)
        return whole.contents, list_voxceleb(root).contents

    first = contents()
    write(root / CLIPS[0], seed=99)  # other samples, the same size
    assert contents() == first
    (tmp_path / "weights").write_bytes(b"weights")
    assert contents(checkpoint=str(tmp_path / "weights"))[0] != first[0]
    seen = {first}
    write(root / CLIPS[0], samples=4001)
    seen.add(contents())
    (root / CLIPS[0]).rename(root / CLIPS[0].replace("00001", "00005"))
    seen.add(contents())
    for name, text in (("veri_test2.txt", PAIRS), ("veri_test.txt", PAIRS.splitlines()[1])):
        (root / name).write_text(text)
        seen.add(contents())
    assert len(seen) == len({digest for digest, _ in seen}) == 5
    assert len({digest for _, digest in seen}) == 5


def test_a_damaged_compared_clip_is_told_before_the_training(root):
    (root / "veri_test.txt").write_text(PAIRS)
    os.truncate(root / CLIPS[6], 2000)
    with pytest.raises(audio.AudioError, match=f"{root / CLIPS[6]}: cut short"):
        voxceleb_source(root, *others())


@pytest.mark.parametrize(
    ("name", "content", "outcome"),
    [
        ("id10003/abc/00001.txt", b"", nullcontext()),
        ("id10001/abc/00001.m4a", b"m4a", nullcontext()),
        (
            "id10003/abc/00001.m4a",
            b"m4a",
            pytest.raises(corpora.CorpusError, match=r"1 speakers have .m4a files alone: id10003;"),
        ),
        (
            "id10003/abc/00001.wav",
            b"",
            pytest.raises(corpora.CorpusError, match=r"00001.wav: an empty file, 0 bytes"),
        ),
        (
            "noise.wav",
            b"x",
            pytest.raises(
                corpora.CorpusError, match=r"noise.wav: not VoxCeleb's name; expected .* Move it"
            ),
        ),
        (
            "id00012/abc/00003.flac",
            b"x",
            pytest.raises(corpora.CorpusError, match=r"00003.wav: the same clip .* another format"),
        ),
        ("veri_test.txt", b"1 id1 id2", pytest.raises(ValueError, match=r"veri_test.txt:1")),
        (
            "veri_test.txt",
            PAIRS.replace("y/00001", "y/00002").encode(),
            pytest.raises(
                corpora.CorpusError,
                match="1 of 3 clips of its list of pairs are not there: id10271/y/00002;",
            ),
        ),
    ],
)
def test_what_stands_in_the_folder(root, name, content, outcome):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)
    with outcome:
        assert len(list_voxceleb(root).frames) == len(CLIPS)


def test_no_folder_and_no_clip(tmp_path):
    with pytest.raises(corpora.CorpusError, match="no such folder; expected voxceleb"):
        list_voxceleb(tmp_path / "nowhere")
    with pytest.raises(corpora.CorpusError, match="no clip; expected …/id<number>"):
        list_voxceleb(tmp_path)
