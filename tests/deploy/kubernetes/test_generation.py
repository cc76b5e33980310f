"""One place says which generation of the environment all pods run: a change of its number reaches every pod."""

import shutil

import pytest

from tests.deploy.kubernetes.manifests import FOLDER, VARIANTS, containers, environment, render, templates
from tests.deploy.kubernetes.rules import ANNOTATION
from tests.deploy.kubernetes.test_manifests import SECRETS

PLACE = "environment/generation.yaml"
BEFORE, AFTER = "OWNER/ticket-processor:1", "acme/ticket-processor:42"


def test_no_other_file_says_the_environment():
    assert [str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml") if BEFORE in path.read_text()] == [PLACE]


@pytest.mark.parametrize("variant", VARIANTS)
def test_another_number_in_the_one_place_is_every_pods_and_every_runs(tmp_path, variant):
    copy = shutil.copytree(FOLDER, tmp_path / "kubernetes")
    place = copy / PLACE
    place.write_text(place.read_text().replace(BEFORE, AFTER))
    parts = [copy / part.relative_to(FOLDER) for part in VARIANTS[variant]]
    (tmp_path / "overlay").mkdir()

    objects = render(tmp_path / "overlay", parts)

    found = templates(objects)
    assert {template["metadata"]["annotations"][ANNOTATION] for template in found.values()} == {AFTER}
    assert BEFORE not in str(objects)
    (server,) = containers({"spec": {"containers": found["code-server"]["spec"]["containers"]}})
    told = environment(objects, found["code-server"], server, SECRETS)["DAGSTER_CONTAINER_CONTEXT"]
    assert f'"{ANNOTATION}": "{AFTER}"' in told
