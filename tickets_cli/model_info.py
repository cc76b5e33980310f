"""`tickets models info`: what stands behind each role of the profile, and whether a run can use it."""

import json

from rich.console import Console
from rich.text import Text

from resources.models.roles import ModelInfo
from ticket_assets.definitions import build_models
from ticket_assets.settings import Settings

COLUMNS = {"role": 11, "engine": 13, "compute_type": 10, "size": 10, "state": 15}


def print_info(settings: Settings, console: Console, *, as_json: bool) -> None:
    """Two lines a role, name and place below; or one JSON object a role. Loads and fetches nothing."""
    infos = {role: model.info() for role, model in build_models(settings).roles.items()}
    if as_json:
        for role, info in infos.items():
            console.print(Text(json.dumps({"role": role, **info._asdict()})), soft_wrap=True)
        return
    console.print(_line({name: name.partition("_")[0] for name in COLUMNS}, "dim"))
    for role, info in infos.items():
        cells = {**info._asdict(), "role": role, "size": f"{info.size / 1e6:,.1f} MB" if info.size else "-"}
        console.print(_line(cells, "green" if info.state == "ready" else "red"))
        console.print(Text(f"  {_place(info)}", style="dim"), soft_wrap=True)


def _line(cells: dict[str, object], style: str) -> Text:
    return Text("".join(f"{cells[name]!s:<{width}}" for name, width in COLUMNS.items()).rstrip(), style=style)


def _place(info: ModelInfo) -> str:
    name = f"{info.name}@{info.revision}" if info.revision else info.name
    return f"{name} in {info.path}" if info.path else name
