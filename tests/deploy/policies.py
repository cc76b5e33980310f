"""The IAM policy documents of deploy/iam, filled in and evaluated as far as they go: Allow, actions, resources."""

import json
import re
from pathlib import Path
from string import Template
from typing import NamedTuple

from tests.deploy.actions import ACCOUNT, REGION, Need
from ticket_assets.settings import Settings, variable

FOLDER = Path(__file__).parents[2] / "deploy/iam"
ROLES = sorted(path.stem for path in FOLDER.glob("*.json"))
NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


class Grant(NamedTuple):
    """An action allowed on the resources that a pattern matches."""

    action: str
    resource: str

    def covers(self, need: Need) -> bool:
        """Whether it allows what a call needs: `*` stands for any signs, `?` for one, as in IAM."""
        pattern = re.escape(self.resource).replace(r"\*", ".*").replace(r"\?", ".")
        return self.action == need.action and re.fullmatch(pattern, need.resource, re.DOTALL) is not None


def statements(role: str) -> list[dict]:
    """The statements of a role's policy as they stand in its file."""
    return json.loads((FOLDER / f"{role}.json").read_text())["Statement"]


def grants(role: str, settings: Settings) -> list[Grant]:
    """What the role may do, with the names of `settings`. Raises KeyError for a placeholder that nothing fills."""
    names = {variable(name): getattr(settings, name) for name in NAMES}
    names |= {"AWS_REGION": REGION, "AWS_ACCOUNT_ID": ACCOUNT}
    return [
        Grant(action, Template(resource).substitute(names))
        for statement in statements(role)
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]
