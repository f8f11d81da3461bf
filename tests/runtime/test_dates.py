"""Files dated in the future are found as Snakemake sees them, and what mends them is said."""

import os
import subprocess

from limbeck.runtime.dates import dated_ahead, say_dated_ahead

NOW = 1_700_000_000.0


def make(path, seconds, *, folder=False):
    """Make a file or a folder that Snakemake has seen, dated so many seconds after `NOW`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        path.mkdir()
    file = path / ".snakemake_timestamp" if folder else path
    file.touch()
    os.utime(file, (NOW + seconds, NOW + seconds))
    return path


def test_only_what_is_ahead_of_now_is_returned(tmp_path):
    old = make(tmp_path / "old.csv", -1)
    skewed = make(tmp_path / "skewed.csv", 2)
    ahead = make(tmp_path / "ahead.csv", 60)
    store = make(tmp_path / "ahead.zarr", 60, folder=True)
    seen = make(tmp_path / "seen.zarr", -60, folder=True)  # the folder itself was made just now
    plain = tmp_path / "plain.zarr"
    plain.mkdir()
    os.utime(plain, (NOW + 60, NOW + 60))
    paths = [old, skewed, ahead, store, seen, plain, tmp_path / "none"]
    assert dated_ahead(paths, NOW) == [ahead, store, plain]
    assert dated_ahead([old, ahead, seen]) == []  # by the clock, these are long past


def test_what_is_said_mends_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [
        make(tmp_path / "results/my study/runs/a.csv", 0).relative_to(tmp_path),
        make(tmp_path / "results/my study/b.csv", 0).relative_to(tmp_path),
        make(tmp_path / "elsewhere/weights.pt", 0),
    ]
    other = make(tmp_path / "elsewhere/other.pt", 0)
    for path in (*paths, other):
        os.utime(path, (4_000_000_000, 4_000_000_000))
    said = say_dated_ahead(dated_ahead(paths))
    assert said.startswith("3 of the study's files are dated in the future, as results/my study/")
    command = said.partition("today's date: ")[2].removesuffix(" && snakemake --touch")
    assert command.count("my study") == 1
    subprocess.run(command, shell=True, check=True)
    assert dated_ahead([*paths, other]) == [other]
