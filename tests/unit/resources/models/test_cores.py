import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.models import cores as module
from resources.models.cores import cores, has_avx512, threads

ROOT = Path(__file__).parents[4]


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A cgroup tree of files, as the kernel shows it, with this process in /pods/own; eight cores are granted."""
    (tmp_path / "tree" / "pods" / "own").mkdir(parents=True)
    (tmp_path / "cgroup").write_text("3:cpuset:/x\n0::/pods/own\n")
    monkeypatch.setattr(module, "CGROUPS", tmp_path / "tree")
    monkeypatch.setattr(module, "OWN_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return tmp_path / "tree"


@pytest.mark.parametrize(
    ("own", "parent", "expected"),
    [
        (None, None, 8),
        ("max 100000", "max 100000", 8),
        ("200000 100000", None, 2),
        ("max 100000", "300000 100000", 3),
        ("400000 100000", "300000 100000", 3),
        ("150000 100000", None, 1),
        ("50000 100000", None, 1),
        ("1600000 100000", None, 8),
    ],
)
def test_the_smallest_quota_of_the_group_and_those_around_it_counts_in_whole_cores(groups, own, parent, expected):
    for place, content in ((groups / "pods" / "own", own), (groups / "pods", parent)):
        if content:
            (place / "cpu.max").write_text(f"{content}\n")

    assert cores() == threads() == expected


def test_without_cgroups_the_affinity_counts(groups, monkeypatch):
    monkeypatch.setattr(module, "OWN_CGROUP", groups / "nothing")

    assert cores() == 8


def test_a_process_pinned_to_one_core_has_one():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from resources.models.cores import cores; print(cores())"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout == b"1\n"


@pytest.mark.parametrize(("value", "expected"), [("1", 1), ("3", 3), ("2,1", 2), ("", 8), ("0", 8), ("many", 8)])
def test_what_omp_num_threads_allows_goes_before(groups, monkeypatch, value, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", value)

    assert threads() == expected


ALL = "fpu avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (f"flags\t\t: {ALL}\n\nflags\t\t: {ALL}\n", True),
        (f"flags\t\t: {ALL}\n\nflags\t\t: fpu avx2\n", False),
        ("flags\t\t: fpu avx512f\n", False),
        ("Features\t: asimd\n", False),
        (None, False),
    ],
)
def test_avx512_is_there_where_every_core_has_all_of_it(tmp_path, monkeypatch, cpuinfo, expected):
    monkeypatch.setattr(module, "CPU", tmp_path / "cpuinfo")
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)

    assert has_avx512() == expected
