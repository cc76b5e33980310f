"""Converted models on disk, with real files, processes and signals: whole or not there, and damage has a name."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resources.models import converted
from resources.models.converted import MANIFEST, add, directory_of, newest, problem_with, require_whole
from resources.models.ctranslate2_embedder import CTranslate2Embedder
from resources.models.roles import ModelNotAvailable
from tests.support import eventually
from tests.unit.resources.models.engines import prepared
from tests.unit.resources.models.random_models import save_bert

ROOT = Path(__file__).parents[4]
FILES = ["config.json", "facts.json", "manifest.json", "model.bin", "tokenizer.json", "vocabulary.json"]
# Says that it begins; writes a file, says where, and waits for a word before it writes the second.
FILLER = """
import sys; from pathlib import Path; from resources.models.converted import add
def fill(place):
    (place / "one").write_text("1"); print(place, flush=True); sys.stdin.readline(); (place / "two").write_text("2")
print("begins", flush=True); add(Path(sys.argv[1]), {"by": sys.argv[2]}, fill); print("added", flush=True)
"""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("converted") / "bert")


def filler(directory: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FILLER, str(directory), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert line_of(process) == "begins"
    return process


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def write(place: Path) -> None:
    (place / "one").write_text("1")


def test_a_model_killed_while_it_was_being_written_is_not_there_and_the_next_preparation_cleans_up(tmp_path):
    directory = tmp_path / "model"
    with filler(directory, "first") as first:
        half = Path(line_of(first))
        assert half.parent == tmp_path
        assert (half / "one").exists()
        assert not directory.exists()
        first.send_signal(signal.SIGKILL)
    with pytest.raises(ModelNotAvailable, match="is not converted"):
        require_whole(directory, "m")

    add(directory, {}, write)

    assert problem_with(directory) is None
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["model"]


def test_of_two_processes_that_prepare_at_once_one_writes_and_the_other_waits_and_finds_it(tmp_path):
    directory = tmp_path / "model"
    with filler(directory, "first") as first:
        line_of(first)
        with filler(directory, "second") as second:
            time.sleep(1)
            assert second.poll() is None
            assert not directory.exists()
            first.communicate("go on\n", timeout=60)
            assert line_of(second) == "added"

    assert json.loads((directory / MANIFEST).read_text())["by"] == "first"
    assert problem_with(directory) is None


def test_a_preparation_that_fails_leaves_nothing_behind(tmp_path):
    def fail(place: Path) -> None:
        write(place)
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        add(tmp_path / "model", {}, fail)

    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_directory_can_be_read_by_others(tmp_path):
    add(tmp_path / "model", {}, write)

    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_a_file_that_is_damaged_is_named_with_the_remedy_and_prepared_anew(bert, tmp_path, name, damage):
    role = prepared(CTranslate2Embedder, bert, tmp_path, compute_type="int8")
    (directory,) = tmp_path.glob("ctranslate2-*/bert@*")
    assert sorted(path.name for path in directory.iterdir()) == FILES
    content = (directory / name).read_bytes()
    os.truncate(directory / name, len(content) // 2)
    if damage == "gone":
        (directory / name).unlink()
    elif damage == "changed":
        (directory / name).write_bytes(b"X" + content[1:])

    assert role.info().state == "corrupt"
    with pytest.raises(ModelNotAvailable, match=r"tickets models prepare") as error:
        role.embed(["text"])
    assert str(directory) in str(error.value)
    assert name in str(error.value)
    assert error.value.speaks_of_no_text

    role.prepare(lambda _: None)

    assert role.info().state == "ready"
    assert role.embed(["text"]).shape == (1, 32)


def test_a_run_never_converts_and_says_how_to(bert, tmp_path):
    role = CTranslate2Embedder(source=str(bert), cache_dir=str(tmp_path))

    assert role.info().state == "not converted"
    with pytest.raises(ModelNotAvailable, match=r"is not converted.*Run `tickets models prepare`"):
        role.embed(["text"])
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_prepared_is_not_converted_again(bert, tmp_path):
    role = prepared(CTranslate2Embedder, bert, tmp_path)
    said: list[str] = []

    role.prepare(said.append)

    assert said == []


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_where_nothing_can_be_converted_the_error_says_what_to_install(bert, tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ModelNotAvailable, match="the extra convert"):
        prepared(CTranslate2Embedder, bert, tmp_path)


def test_where_the_weights_are_gone_the_converted_model_serves_with_the_same_version(bert, tmp_path, monkeypatch):
    (tmp_path / "models--owner--bert" / "refs").mkdir(parents=True)
    (tmp_path / "models--owner--bert" / "refs" / "main").write_text("0123456789abcdef0123456789abcdef01234567")
    (snapshots := tmp_path / "models--owner--bert" / "snapshots").mkdir()
    (snapshot := snapshots / "0123456789abcdef0123456789abcdef01234567").symlink_to(bert)
    role = CTranslate2Embedder(source="owner/bert", cache_dir=str(tmp_path))
    role.prepare(lambda _: None)
    before = role.version, role.embed(["text"]).tolist()

    snapshot.unlink()

    assert (role.version, role.embed(["text"]).tolist()) == before
    assert before[0].startswith("bert@01234567:")
    assert role.info().state == "ready"
    with pytest.raises(ModelNotAvailable):
        CTranslate2Embedder(source="owner/other", cache_dir=str(tmp_path)).embed(["text"])
    with pytest.raises(ModelNotAvailable):
        role.model_copy(update={"revision": "v2"}).embed(["text"])


def test_the_newest_of_several_conversions_is_found_and_one_that_is_torn_is_not(tmp_path):
    for age, version in ((30, "old"), (20, "new"), (10, "torn")):
        directory = directory_of(str(tmp_path), "owner/m", version, "int8")
        add(directory, {"source": "owner/m", "revision": None, "version": version}, write)
        os.utime(directory / MANIFEST, (time.time() - age, time.time() - age))
    (directory / MANIFEST).write_text("{")

    assert newest(str(tmp_path), "owner/m", None, "int8") == "new"
    assert newest(str(tmp_path), "owner/m", None, "float32") is None


def test_a_model_has_a_directory_for_each_version_compute_type_and_engine_version(tmp_path, monkeypatch):
    def place(*parts: str) -> Path:
        return directory_of(str(tmp_path), *parts)

    places = {
        place("o/m", "1", "int8"),
        place("o/m", "2", "int8"),
        place("o/m", "1", "float32"),
        place("m", "1", "int8"),
    }
    monkeypatch.setattr(converted.importlib.metadata, "version", lambda _: "9.9")
    places.add(place("o/m", "1", "int8"))

    assert len(places) == 5


def test_a_conversion_waits_for_no_lock_of_a_process_that_is_gone(tmp_path):
    with filler(tmp_path / "model", "first") as first:
        line_of(first)
        first.send_signal(signal.SIGKILL)

    assert eventually(lambda: add(tmp_path / "model", {}, write) is None)
