"""`[vars]`, rendered and run as Flox does: with a cache and without, and over what a caller or a pod has set."""

from pathlib import Path

import pytest

from tests.deploy.flox.activation import Aborted, Flox, link_programs
from tests.deploy.flox.manifests import PLACES, load

POD = {
    "AWS_REGION": "eu-central-1",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/pipeline",
    "DAGSTER_HOME": "/opt/dagster",
    "MODEL_CACHE_DIR": "/models",
    "TICKETS_MODELS": "embedded",
    "PYTHONUNBUFFERED": "yes",
}


def variables(name: str, tmp_path: Path, cache: Path | None, **caller: str) -> dict[str, str]:
    """What `[vars]` alone leave."""
    manifest = {"vars": load(name).get("vars", {})}
    flox = Flox(PLACES[name], cache, link_programs(tmp_path / "env"), manifest)
    return flox.activate(**caller).environment


def test_a_developers_state_lies_in_floxs_cache(tmp_path):
    found = variables("main", tmp_path, tmp_path / "a cache")

    cache = tmp_path / "a cache"
    assert found["MODEL_CACHE_DIR"] == f"{cache}/models"
    assert found["HF_HOME"] == f"{cache}/huggingface"
    assert found["DAGSTER_HOME"] == f"{cache}/dagster"
    assert found["TICKETS_STATE_DIR"] == f"{cache}/state"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert found["TICKETS_MODELS"] == "distilled"
    assert found["TICKETS_UI_PORT"] == "3000"
    assert found["PYTHONUNBUFFERED"] == "1"
    assert "AWS_ACCESS_KEY_ID" not in found


def test_without_a_cache_variable_it_is_where_flox_keeps_it(tmp_path):
    found = variables("main", tmp_path, None)

    assert found["MODEL_CACHE_DIR"] == f"{PLACES['main']}/.flox/cache/models"


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("cache", [True, False], ids=["cache", "no cache"])
def test_what_a_pod_has_set_stays_as_it_is(name, cache, tmp_path):
    found = variables(name, tmp_path, tmp_path if cache else None, **POD)

    assert {variable: found[variable] for variable in POD} == POD


def test_pods_get_no_variable_of_aws(tmp_path):
    before = variables("composed", tmp_path, None, **POD)
    found = variables("ticket-processor", tmp_path / "pod", None, **POD)

    assert {name for name in found if name.startswith("AWS_")} == {"AWS_REGION", "AWS_ROLE_ARN"}
    assert set(found) - set(before) <= {"PYTHONUNBUFFERED", "TICKETS_MODELS"}


@pytest.mark.parametrize("name", ["main", "ticket-generator"])
def test_the_callers_endpoint_wins_and_an_empty_one_is_aws_itself(name, tmp_path):
    theirs = variables(name, tmp_path, None, AWS_ENDPOINT_URL="http://10.0.0.7:5000")
    assert theirs["AWS_ENDPOINT_URL"] == "http://10.0.0.7:5000"

    assert variables(name, tmp_path / "aws", None, AWS_ENDPOINT_URL="")["AWS_ENDPOINT_URL"] == ""


def test_a_variable_that_nobody_has_set_would_end_the_activation(tmp_path):
    flox = Flox(tmp_path, None, link_programs(tmp_path / "env"), {"vars": {"PLACE": "$NOBODY_HAS_SET_THIS/x"}})

    with pytest.raises(Aborted, match="unbound variable"):
        flox.activate()


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("http://127.0.0.1:4566", "test"),
        ("http://localhost:1", "test"),
        ("http://10.0.0.7:5000", None),
        ("https://localhost.example.com:1", None),
        ("", None),
    ],
)
def test_credentials_and_region_are_made_up_only_for_a_server_of_this_machine(endpoint, key, tmp_path):
    hook = load("main")["hook"]["on-activate"].partition("if ")[0]
    flox = Flox(tmp_path, tmp_path, link_programs(tmp_path / "env"), {**load("main"), "hook": {"on-activate": hook}})

    found = flox.activate(AWS_ENDPOINT_URL=endpoint).environment
    assert found.get("AWS_ACCESS_KEY_ID") == key
    assert found.get("AWS_DEFAULT_REGION") == ("us-east-1" if key else None)
    theirs = flox.activate(AWS_ENDPOINT_URL=endpoint, AWS_REGION="eu-west-1").environment
    assert theirs.get("AWS_DEFAULT_REGION") == ("eu-west-1" if key else None)
    mine = flox.activate(AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="mine", AWS_SECRET_ACCESS_KEY="own").environment
    assert (mine["AWS_ACCESS_KEY_ID"], mine["AWS_SECRET_ACCESS_KEY"]) == ("mine", "own")
