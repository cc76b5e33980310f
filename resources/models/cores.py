"""How many threads a process may keep busy: the cores that it really has, not those of the machine."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def threads() -> int:
    """What OMP_NUM_THREADS allows (a run of a stack has 1, since as many run as there are cores), else all cores."""
    allowed = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(allowed) if allowed.isdecimal() and int(allowed) else cores()


def cores() -> int:
    """Cores that the affinity leaves and the quota of cgroup v2 (whole ones) pays for, at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    granted = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(granted, *(int(quota) for quota in _quotas()), granted))


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
