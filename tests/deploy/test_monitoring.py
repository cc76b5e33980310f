"""The dashboard and the alerts ask for what the exporter exports, and for all of it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.unit.tickets_cli.test_metrics_names import every_sample
from tickets_cli.metrics_names import EXPORTED, sample_names

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
NAME = re.compile(r"\btickets_\w+")
LABELS = re.compile(r"(?:by \(([\w, ]+)\))|(?:\{\{(\w+)\}\})|(?:(\w+)(?:=~?|!=|!~)\")")


def dashboard() -> dict:
    return json.loads((MONITORING / "grafana-dashboard.json").read_text())


def queries() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def alerts() -> list[str]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def asked(texts: list[str]) -> set[str]:
    return {name for text in texts for name in NAME.findall(text)}


@pytest.mark.parametrize("texts", [queries(), alerts()], ids=["dashboard", "alerts"])
def test_what_is_asked_for_is_exported(texts):
    assert texts
    assert asked(texts) <= every_sample()


def test_every_metric_is_on_the_dashboard():
    on_it = asked(queries())
    assert {name for name in EXPORTED if not sample_names(name) & on_it} == set()


def test_queries_and_legends_name_only_labels_that_the_metrics_have():
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            known = {"le"}
            for name in NAME.findall(target["expr"]):
                (metric,) = [metric for metric in EXPORTED if name in sample_names(metric)]
                known |= set(EXPORTED[metric].labels)
            found = LABELS.findall(f"{target['expr']} {target['legendFormat']}")
            assert {word.strip() for groups in found for group in groups for word in group.split(",") if word} <= known


def test_panels_have_titles_descriptions_ids_of_their_own_and_do_not_overlap():
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} <= set(range(24))


def test_prometheus_is_told_of_the_port_that_the_command_serves_and_of_the_alerts():
    from tickets_cli.metrics import PORT

    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]
    assert config["rule_files"] == ["alerts.yml"]
