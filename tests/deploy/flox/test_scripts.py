"""Every shell script of the environment and of the tests, read by those who know its shell."""

import shutil
import subprocess

import pytest

from tests.deploy.flox.manifests import PLACES, PROJECT, load

SCRIPTS = [
    PROJECT / ".flox" / "sync-venv",
    PROJECT / ".flox" / "functions.sh",
    PROJECT / "tests" / "install_system_packages.sh",
]


def needs(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: install the package {program} (Debian: apt-get install)")


def pieces() -> list[tuple[str, str]]:
    """Every piece of shell in the manifests, with its name."""
    found = []
    for name in PLACES:
        manifest = load(name)
        found += [(f"{name}: {service}", one["command"]) for service, one in manifest.get("services", {}).items()]
        if "hook" in manifest:
            found.append((f"{name}: hook", manifest["hook"]["on-activate"]))
        if variables := manifest.get("vars"):
            found.append((f"{name}: vars", "\n".join(f'export {key}="{value}"' for key, value in variables.items())))
    return found


def checked(*arguments: str, typed: str | None = None) -> None:
    done = subprocess.run(arguments, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_none_of_the_mistakes_that_shellcheck_knows(script):
    needs("shellcheck")
    checked("shellcheck", str(script))


@pytest.mark.parametrize(("name", "text"), pieces(), ids=lambda value: value if ": " in value[:40] else "")
def test_a_piece_of_a_manifest_has_none_either(name, text):
    needs("shellcheck")
    checked("shellcheck", "--shell=bash", "-", typed=text)


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", "functions.sh"), ("zsh", "functions.sh"), ("fish", "functions.fish")]
)
def test_the_functions_are_well_formed_for_their_shell(shell, file):
    needs(shell)
    checked(shell, "-n", str(PROJECT / ".flox" / file))


def test_the_hooks_script_can_be_run():
    assert (PROJECT / ".flox" / "sync-venv").stat().st_mode & 0o111 == 0o111
