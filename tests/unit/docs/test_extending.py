"""Follows docs/extending.md as a reader would: each recipe on a copy of the project, each block as it is printed.

The copy's own tests say whether the extension works; this file knows the document's conventions and nothing of its
recipes.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[3]
DOCUMENT = PROJECT / "docs" / "extending.md"
PACKAGES = ("resources", "sensors", "ticket_assets", "ticket_generator", "tickets_board", "tickets_cli", "tests")
RECIPES = ["Recipe 1: a new model", "Recipe 2: a new field", "Recipe 3: a new asset"]
FENCE = re.compile(r"^```(?P<kind>.*)\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)
PLACE = re.compile(r"(?P<verb>New file|In) `(?P<path>[^`]+)`:\n\n\Z")
OUTCOME = re.compile(r"^(PASSED|FAILED) (\S+)", re.MULTILINE)
DEFINITIONS_LOAD = "tests/unit/ticket_assets/test_definitions.py::test_the_definitions_are_valid"
SECONDS = 300


class Block(NamedTuple):
    """A fenced block; `verb` and `path` are of the line before it, empty where that names no file."""

    kind: str
    text: str
    verb: str
    path: str


class Step(NamedTuple):
    """A step with its prose, code included."""

    title: str
    prose: str
    blocks: list[Block]


def sections(text: str, marks: str) -> dict[str, str]:
    """The text under each heading of one level, by heading; headings inside a fence are none."""
    found: dict[str, list[str]] = {}
    current, fenced = [], False
    for line in text.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if not fenced and line.startswith(f"{marks} "):
            title = line.removeprefix(f"{marks} ").strip()
            assert title not in found, f"two sections are called {title}"
            current = found[title] = []
        else:
            current.append(line)
    return {title: "".join(lines) for title, lines in found.items()}


def blocks(text: str) -> list[Block]:
    found = []
    for fence in FENCE.finditer(text):
        place = PLACE.search(text, 0, fence.start())
        verb, path = (place["verb"], place["path"]) if place else ("", "")
        found.append(Block(fence["kind"], fence["text"], verb, path))
    return found


def unwrapped(text: str) -> list[str]:
    """Lines, where one that ends in a backslash goes on in the next."""
    return text.replace("\\\n", "").splitlines()


def recipes() -> dict[str, str]:
    return sections(DOCUMENT.read_text(), "##")


def steps(recipe: str) -> list[Step]:
    return [Step(title, prose, blocks(prose)) for title, prose in sections(recipe, "###").items()]


class Reader:
    """Somebody who follows a recipe in a copy of the project, where nothing else of the project is imported."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.touched: set[str] = set()
        self.applied: list[Block] = []
        self.passed: set[str] = set()
        for package in PACKAGES:
            shutil.copytree(PROJECT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PROJECT / "pyproject.toml", root)

    def follow(self, block: Block) -> None:
        match (block.kind, block.verb):
            case ("python", "New file"):
                self._create(block)
            case ("diff", "In"):
                self._edit(block)
            case ("sh", ""):
                for command in unwrapped(block.text):
                    self._succeed(command)
            case ("console", ""):
                self._fail_as_printed(block)
            case _:
                pytest.fail(f"no convention says what to do with this block:\n{block}")
        self.applied.append(block)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TICKETS_", "DAGSTER_", "PYTEST_"))
        }
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "PYTEST_ADDOPTS": "-rA --color=no -p no:cacheprovider",
        }
        return subprocess.run(
            command, cwd=self.root, env=inherited | own, capture_output=True, text=True, timeout=SECONDS, check=False
        )

    def _create(self, block: Block) -> None:
        file = self.root / block.path
        assert not file.exists(), f"{block.path} is called new but exists"
        assert file.parent.is_dir(), f"{block.path} lies in a folder that does not exist"
        file.write_text(block.text)
        self.touched.add(block.path)

    def _edit(self, block: Block) -> None:
        file = self.root / block.path
        assert file.is_file(), f"{block.path} is to be edited but does not exist"
        text = file.read_text()
        for hunk in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
            # An editor may have stripped the blank that starts an empty line of context.
            lines = [line if line.strip() else " \n" for line in hunk.splitlines(keepends=True)]
            assert all(line[0] in " +-" for line in lines), f"neither context nor change in:\n{hunk}"
            old = "".join(line[1:] for line in lines if line[0] != "+")
            new = "".join(line[1:] for line in lines if line[0] != "-")
            places = len(re.findall(rf"^{re.escape(old)}", text, flags=re.MULTILINE))
            assert places == 1, f"{block.path} has {places} places, not one, that look like:\n{hunk}"
            text = re.sub(rf"^{re.escape(old)}", lambda _, new=new: new, text, count=1, flags=re.MULTILINE)
        file.write_text(text)
        self.touched.add(block.path)

    def _succeed(self, command: str) -> None:
        done = self.run(*shlex.split(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.passed |= {name for outcome, name in OUTCOME.findall(done.stdout) if outcome == "PASSED"}

    def _fail_as_printed(self, block: Block) -> None:
        command, *printed = unwrapped(block.text)
        done = self.run(*shlex.split(command.removeprefix("$ ")))
        failed = [f"FAILED {name}" for outcome, name in OUTCOME.findall(done.stdout) if outcome == "FAILED"]
        assert sorted(failed) == sorted(printed), f"{command}\n{done.stdout}{done.stderr}"


def test_the_document_has_the_three_recipes_and_their_steps_are_numbered():
    found = recipes()
    assert list(found) == RECIPES
    for recipe in found.values():
        titles = [step.title for step in steps(recipe)]
        assert len(titles) >= 3
        assert [title.partition(":")[0] for title in titles] == [f"Step {n}" for n in range(1, len(titles) + 1)]


def test_every_fence_of_the_document_is_in_a_step():
    in_steps = [block for recipe in recipes().values() for step in steps(recipe) for block in step.blocks]
    assert len(in_steps) == len(re.findall(r"^```", DOCUMENT.read_text(), flags=re.MULTILINE)) / 2


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_followed_as_printed_gives_a_project_in_which_the_extension_works(title, tmp_path):
    recipe = steps(recipes()[title])
    reader = Reader(tmp_path)
    for step in recipe:
        for block in step.blocks:
            reader.follow(block)
    assert reader.applied == [block for step in recipe for block in step.blocks]
    assert_every_step_was_checked(recipe, reader)
    assert_the_definitions_load(reader)
    assert_clean(reader)


def assert_every_step_was_checked(recipe: list[Step], reader: Reader) -> None:
    """A step has blocks, or names a test of the recipe's own that passed; every new test file's tests passed."""
    for step in recipe:
        named = re.findall(r"`(test_\w+)`", FENCE.sub("", step.prose))
        assert step.blocks or named, f"{step.title} has nothing that could be checked"
        for name in named:
            assert any(test.endswith(f"::{name}") for test in reader.passed), f"{step.title}: {name} did not run"
    for block in reader.applied:
        if block.verb == "New file" and Path(block.path).name.startswith("test_"):
            written = set(re.findall(r"^def (test_\w+)", block.text, flags=re.MULTILINE))
            ran = {test.split("::")[1].partition("[")[0] for test in reader.passed if test.startswith(block.path)}
            assert written
            assert written == ran


def assert_the_definitions_load(reader: Reader) -> None:
    """In the copy, and from the copy: the project itself may be installed in the same environment.

    Where the recipe's own commands loaded them, it is enough that these commands' modules are the copy's.
    """
    load = "import dagster, ticket_assets.definitions as d; dagster.Definitions.validate_loadable(d.defs)"
    if any(test.startswith(DEFINITIONS_LOAD) for test in reader.passed):
        load = "pass"
    code = (
        f"import importlib.util, sys; {load}\n"
        f"print(*[importlib.util.find_spec(package).origin for package in {PACKAGES}])\n"
        f"print(*[m.__file__ for n, m in sys.modules.items() if n.partition('.')[0] in {PACKAGES} and m.__file__])"
    )
    done = reader.run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    assert len(files) >= len(PACKAGES)
    assert [file for file in files if not Path(file).is_relative_to(reader.root)] == []


def assert_clean(reader: Reader) -> None:
    """What the reader is told to run in the end finds nothing in the files of the recipe."""
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        done = reader.run(*command, *sorted(reader.touched))
        assert done.returncode == 0, done.stdout + done.stderr
    done = reader.run("lint-imports", "--no-logo", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr
