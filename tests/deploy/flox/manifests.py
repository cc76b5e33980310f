"""The project's Flox manifests, and the subset of the schema of 1.12.0 that they use.

Flox's own parser refuses a key that it does not know in any table (`cli/flox-manifest/src/parsed/v1_12_0` of its
sources), which this restates for the keys that are used here: what is not in SCHEMA is refused.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[3]
PLACES = {
    "main": PROJECT,
    **{name: PROJECT / "envs" / name for name in ("ticket-generator", "ticket-processor", "composed")},
}
SYSTEM = {"x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"}
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

# A table is a dict of its keys; `{pattern: …}` holds for every key of that form, a type or set for a value.
SCHEMA: dict[str, Any] = {
    "schema-version": {"1.12.0"},
    "install": {r"[\w-]+": {"pkg-path": str, "pkg-group": str, "systems": [SYSTEM]}},
    "vars": {VARIABLE: str},
    "hook": {"on-activate": str},
    "profile": {"bash": str, "zsh": str, "fish": str},
    "services": {r"[\w-]+": {"command": str}},
    "include": {"environments": [{"remote": str}]},
    "options": {"systems": [SYSTEM], "activate": {"mode": {"dev", "run"}}},
}
REQUIRED = {"schema-version", "pkg-path", "command", "remote"}


def load(name: str) -> dict[str, Any]:
    """A manifest by the name of its environment."""
    return tomllib.loads((PLACES[name] / ".flox" / "env" / "manifest.toml").read_text())


def problems(value: Any, schema: Any = SCHEMA, place: str = "") -> list[str]:
    """What Flox would refuse, each with its place."""
    match schema:
        case dict():
            return _problems_of_table(value, schema, place)
        case [form]:
            if not isinstance(value, list):
                return [f"{place} is no list"]
            return [problem for one in value for problem in problems(one, form, f"{place}[]")]
        case set():
            return [] if value in schema else [f"{place} is {value!r}"]
        case _:
            return [] if isinstance(value, schema) else [f"{place} is no {schema.__name__}"]


def _problems_of_table(value: Any, schema: dict[str, Any], place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place} is no table"]
    found = [f"{place} has no {name}" for name in sorted(REQUIRED & set(schema) - set(value))]
    for key, one in value.items():
        form = schema.get(key) or next((f for pattern, f in schema.items() if re.fullmatch(pattern, key)), None)
        found += problems(one, form, f"{place}.{key}") if form else [f"{place} knows no {key}"]
    return found
