"""What a process may use of the machine: the cores that it really has, and their vector instructions."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
CPU = Path("/proc/cpuinfo")
# What CTranslate2 asks for before it runs its AVX-512 code.
AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def threads() -> int:
    """What OMP_NUM_THREADS allows (a run of a stack has 1, since as many run as there are cores), else all cores."""
    allowed = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(allowed) if allowed.isdecimal() and int(allowed) else cores()


def cores() -> int:
    """Cores that the affinity leaves and the quota of cgroup v2 (whole ones) pays for, at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    granted = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(granted, *(int(quota) for quota in _quotas()), granted))


def has_avx512() -> bool:
    """Whether all cores have AVX-512; unknown, as on macOS, is no."""
    try:
        lines = CPU.read_text().splitlines()
    except OSError:
        return False
    flags = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return bool(flags) and all(own >= AVX512 for own in flags)


def _quotas() -> list[float]:
    """The quotas, in cores, of this process's group and of those that it is in; "max" is none."""
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:
        return []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    group = CGROUPS / own
    quotas = []
    for place in (group, *group.parents):
        if place.is_relative_to(CGROUPS) and (place / "cpu.max").is_file():
            quota, _, period = (place / "cpu.max").read_text().partition(" ")
            if quota != "max":
                quotas.append(int(quota) / int(period))
    return quotas
