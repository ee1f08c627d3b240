"""Paper 04's clips are too many for memory: what 1.2 million of them take beside 10 thousand while two workers read them."""

from benchmarks import padi_memory as benchmark


def test_memory_hardly_grows_with_the_number_of_clips(tmp_path):
    few, many = benchmark.both(
        benchmark.plant(tmp_path), (benchmark.FEW, benchmark.MANY), reads=2000
    )
    assert few["most"] > few["listed"] > 0
    assert many["listed"] - many["libraries"] > 40  # MiB: paths alone
    assert many["most"] - few["most"] < benchmark.GOAL
