"""Which chunks an epoch reads: all of them, the same for the same seed, of one length a batch."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.training import chunks


@given(
    clips=st.integers(2, 60),
    versions=st.integers(1, 3),
    batch=st.integers(3, 17),
    number=st.integers(1, 5),
    ranks=st.integers(1, 3),
)
def test_each_version_of_each_clip_is_read_once_in_batches_of_like_size(
    clips, versions, batch, number, ranks
):
    rows = np.arange(100, 100 + clips)
    found = chunks.epoch(
        rows, number=number, seed=7, batch=batch, versions=versions, lengths=(4, 9)
    )
    read = [
        (row, version)
        for each in found
        for row, version in zip(each.rows, each.versions, strict=True)
    ]
    assert Counter(read) == Counter((row, version) for row in rows for version in range(versions))
    sizes = [len(each.rows) for each in found]
    assert 2 <= min(sizes) <= max(sizes) <= min(sizes) + 1 <= batch + 1
    assert max(sizes) <= batch
    assert {each.length for each in found} <= {4, 9}
    parts = [each.part(rank, ranks) for each in found for rank in range(ranks)]
    assert Counter(row for part in parts for row in part.rows) == Counter(row for row, _ in read)


def test_an_epoch_depends_on_seed_and_number_alone():
    def drawn(seed, number):
        found = chunks.epoch(range(40), number=number, seed=seed, batch=8)
        return [
            (each.rows.tolist(), each.places.tolist(), each.length, each.seed) for each in found
        ]

    assert drawn(1, 2) == drawn(1, 2)
    assert drawn(1, 2) != drawn(1, 3)
    assert drawn(1, 2) != drawn(2, 2)


@pytest.mark.parametrize(("clips", "batch"), [(0, 32), (1, 32), (10, 2)])
def test_too_few_for_batch_normalisation_is_refused(clips, batch):
    with pytest.raises(ValueError, match="batch normalisation needs 2 chunks"):
        chunks.epoch(range(clips), number=1, seed=0, batch=batch)


@given(size=st.integers(1, 30), length=st.integers(1, 40), place=st.floats(0, 1, exclude_max=True))
def test_a_chunk_is_a_run_of_the_clip_or_the_clip_repeated(size, length, place):
    clip = np.stack([np.arange(size), -np.arange(size)], axis=1)
    found = chunks.cut(clip, length=length, place=place)
    assert found.shape == (length, 2)
    assert np.array_equal(found[:, 0], -found[:, 1])
    assert np.array_equal(
        np.diff(found[:, 0]) % size, np.ones(length - 1) % size
    )  # the next frame, or the first again
    assert size < length or found[-1, 0] < size


def test_places_reach_both_ends():
    starts = {
        chunks.cut(np.arange(5)[:, None], length=3, place=place)[0, 0]
        for place in np.linspace(0, 0.999, 50)
    }
    assert starts == {0, 1, 2}


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    most=st.integers(0, 6),
    number=st.integers(1, 3),
)
def test_no_speaker_has_more_clips_than_the_most(counts, most, number):
    speakers = [str(who) for who, count in enumerate(counts) for _ in range(count)]
    rows = chunks.balanced(speakers, most=most, number=number, seed=0)
    assert len(set(rows.tolist())) == len(rows)
    heard = Counter(speakers[row] for row in rows)
    assert [heard[str(who)] for who in range(len(counts))] == [
        min(count, most or count) for count in counts
    ]


def test_other_epochs_read_other_clips_of_a_speaker():
    drawn = [
        tuple(chunks.balanced(["one"] * 50, most=5, number=number, seed=0)) for number in (1, 2, 1)
    ]
    assert drawn[0] == drawn[2] != drawn[1]
