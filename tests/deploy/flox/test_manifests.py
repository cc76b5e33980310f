"""The manifests: what Flox accepts of them, and what they promise."""

import copy
import json
import re

import pytest

from tests.deploy.flox.manifests import PLACES, PROJECT, VARIABLE, load, problems

OWN = ("main", "ticket-generator")


@pytest.mark.parametrize("name", PLACES)
def test_a_manifest_has_only_what_flox_knows(name):
    assert problems(load(name)) == []
    assert load(name)["schema-version"] == "1.12.0"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("nonsense",), {}, " knows no nonsense"),
        (("version",), 1, " knows no version"),
        (("install", "uv"), {"version": "1"}, ".install.uv has no pkg-path"),
        (("install", "uv", "pkgpath"), "uv", ".install.uv knows no pkgpath"),
        (("install", "uv", "systems"), ["riscv"], ".install.uv.systems[] is 'riscv'"),
        (("vars", "PORT"), 3000, ".vars.PORT is no str"),
        (("vars", "MY-PORT"), "1", ".vars knows no MY-PORT"),
        (("hook", "on-deactivate"), "", ".hook knows no on-deactivate"),
        (("services", "aws"), {}, ".services.aws has no command"),
        (("services", "aws", "depends-on"), ["x"], ".services.aws knows no depends-on"),
        (("services", "aws", "auto-start"), True, ".services.aws knows no auto-start"),
        (("options", "activate"), {"mode": "prod"}, ".options.activate.mode is 'prod'"),
        (("include",), {"environments": [{"dir": ".."}]}, ".include.environments[] has no remote"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_what_flox_does_not_know_is_seen(path, value, problem):
    manifest = copy.deepcopy(load("main"))
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    assert problem in problems(manifest)


def test_a_manifest_without_the_version_of_its_schema_is_seen():
    assert problems({"options": {}}) == [" has no schema-version"]


@pytest.mark.parametrize("name", PLACES)
def test_beside_it_lie_the_files_that_flox_init_writes(name):
    place = PLACES[name] / ".flox"
    described = json.loads((place / "env.json").read_text())

    assert described == {"name": "ticket-enrichment" if name == "main" else name, "version": 1}
    assert {"run/", "cache/", "lib/", "log/"} <= set((place / ".gitignore").read_text().split())
    assert (place / ".gitattributes").read_text() == (
        "env/manifest.lock linguist-generated=true linguist-language=JSON\n"
    )


def test_a_fresh_clone_needs_nothing_that_is_published_or_locked():
    main = load("main")

    assert "include" not in main
    assert all("/" not in package["pkg-path"] for package in main["install"].values())
    assert list(main["services"]) == ["aws", "setup", "dagster-webserver", "dagster-daemon", "ticket-generator"]


def test_tools_of_the_cloud_are_in_a_group_of_their_own():
    groups = {package["pkg-path"]: package.get("pkg-group") for package in load("main")["install"].values()}

    assert {path for path, group in groups.items() if group == "cloud"} == {"awscli2", "kubectl"}
    assert {"python311", "uv", "curl", "jq", "gnumake", "redis", "postgresql", "gcc-unwrapped", "zlib"} <= {
        path for path, group in groups.items() if group is None
    }


@pytest.mark.parametrize("name", PLACES)
def test_every_variable_yields_to_the_caller_and_names_none_that_may_be_unset(name):
    for variable, value in load(name).get("vars", {}).items():
        assert re.match(rf"\$\{{{variable}:?-", value), variable
        assert re.findall(rf"\$({VARIABLE})", value) in ([], ["PWD"]), variable  # $PWD is the shell's own


@pytest.mark.parametrize("name", OWN)
def test_a_service_starts_in_its_project_becomes_what_it_runs_and_sends_nothing_invented_to_aws(name):
    services = load(name)["services"]
    for command in (service["command"] for service in services.values()):
        lines = command.strip().splitlines()
        assert lines[-1].startswith("exec ")
        if name == "main":
            assert lines[0] == 'cd "$FLOX_ENV_PROJECT" || exit 1'
    for cautious in {"setup", "ticket-generator"} & set(services):
        assert '[ -n "${AWS_ENDPOINT_URL:-}" ] ||' in services[cautious]["command"]


def test_pods_get_the_published_package_alone():
    processor = load("ticket-processor")

    assert processor["options"]["activate"]["mode"] == "run"
    assert [package["pkg-path"] for package in processor["install"].values()] == ["OWNER/ticket-processor"]
    assert "services" not in processor
    assert "hook" not in processor
    assert not any(name.startswith("AWS_") for name in processor["vars"])


def test_the_composed_environment_includes_the_two_published_ones():
    composed = load("composed")

    assert composed["include"]["environments"] == [
        {"remote": f"OWNER/{name}"} for name in ("ticket-generator", "ticket-processor")
    ]
    assert set(composed) == {"schema-version", "include", "options"}


def test_every_published_package_and_environment_has_its_expression():
    for name in ("ticket-generator", "ticket-processor"):
        assert load(name)["install"] == {name: {"pkg-path": f"OWNER/{name}"}}
        assert (PROJECT / ".flox" / "pkgs" / f"{name}.nix").exists()
