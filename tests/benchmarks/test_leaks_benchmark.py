"""What the benchmark of leaks plants and reads."""

from benchmarks import leaks


def test_both_sides_are_written_and_ours_finds_every_kind_that_it_promises(tmp_path, monkeypatch):
    monkeypatch.setattr(leaks, "OF_A_KIND", 2)
    monkeypatch.setattr(leaks, "OTHERS", 20)
    originals = leaks.write(tmp_path, 60)
    assert len(list((tmp_path / "train").iterdir())) == 60
    assert len(list((tmp_path / "test").iterdir())) == 20 + len(originals)
    assert len(originals) == len(set(originals.values())) == 2 * len(leaks.KINDS | leaks.HARD)
    planted = {(original, copy) for copy, original in originals.items()}
    found = leaks.ours(tmp_path)
    assert found <= planted
    counts = leaks.by_kind(found)
    assert {counts[kind] for kind in leaks.KINDS} == {2}
    assert counts["3 % faster"] == 0


def test_the_report_of_splitsafe_is_read_as_its_documentation_shows_it():
    text = """splitsafe verdict: FAIL
Splits: test (4 files), train (5 files)

LEAKAGE: 2 file pair(s) appear on both sides of a split (4 files involved).
  [same audio (re-encoded / trimmed / re-leveled)] test/leaked_copy.wav  <->  train/one.wav
  [a short clip] /tmp/train/two.wav  <->  /tmp/test/a cut 0.wav
"""
    assert leaks.parsed(text) == {("one.wav", "leaked_copy.wav"), ("two.wav", "a cut 0.wav")}
    assert leaks.parsed("splitsafe verdict: PASS\n") == set()


def test_a_peer_that_is_not_there_is_told(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(leaks, "PROGRAMS", {"splitsafe": leaks.splitsafe})
    monkeypatch.setattr(leaks, "OTHERS", 5)
    monkeypatch.setattr(leaks, "OF_A_KIND", 2)
    leaks.compare(80)
    assert (
        "splitsafe  not run: no command splitsafe (pip install splitsafe)"
        in capsys.readouterr().out
    )


def test_generated_copies_are_matched_and_no_others(monkeypatch, capsys):
    leaks.matching(1_000)
    assert "Matching alone, 1,000 clips of 6 patches:" in (text := capsys.readouterr().out)
    assert "10 of 10 copies, 0 other pairs" in text
