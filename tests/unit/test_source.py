"""What the project's own code never does: unpickle, evaluate a text, hand one to a shell, make objects of YAML."""

import ast
import tomllib
from pathlib import Path

import pytest
import yaml

from resources.models import label_file

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
SOURCES = sorted(path for package in [*PACKAGES, "bench"] for path in (ROOT / package.replace(".", "/")).glob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "os": {"system", "popen"},
    "yaml": {"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"},
    "subprocess": {"getoutput", "getstatusoutput"},
}
UNPICKLES = {"torch": "load", "numpy": "load", "np": "load"}  # unless they are told not to
SAFE = {"weights_only": True, "allow_pickle": False}

SAFE_LOADERS = [["yaml.SafeLoader"], ["yaml.CSafeLoader"], ["_Loader"]]  # the last is label_file's, see below


def dangers(source: str) -> list[str]:
    """What of it `source` does, with the line."""
    return [f"line {getattr(node, 'lineno', 0)}: {what}" for node in ast.walk(ast.parse(source)) for what in _of(node)]


def _of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names if name.name.split(".")[0] in MODULES]
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        taken = ATTRIBUTES.get(module, set()) | ({"load"} if module in UNPICKLES else set())
        whole = [module] if module.split(".")[0] in MODULES else []
        return whole + [f"{module}.{name.name}" for name in node.names if name.name in taken]
    return _of_call(node) if isinstance(node, ast.Call) else []


def _of_call(call: ast.Call) -> list[str]:
    keywords = {word.arg: getattr(word.value, "value", word.value) for word in call.keywords}
    bad = ["shell"] if keywords.get("shell", False) is not False else []
    match call.func:
        case ast.Name(id=name) if name in BUILTINS:
            bad.append(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            unsafe = UNPICKLES.get(module) == name and not SAFE.items() & keywords.items()
            with_safe_loader = [ast.unparse(argument) for argument in call.args[1:]] in SAFE_LOADERS
            if (name in ATTRIBUTES.get(module, ()) and not (module == "yaml" and with_safe_loader)) or unsafe:
                bad.append(f"{module}.{name}")
    if keywords.get("allow_pickle") is True or keywords.get("trust_remote_code", False) is not False:
        bad.append("allow_pickle or trust_remote_code")
    return bad


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_does_nothing_dangerous_with_a_text(path):
    assert dangers(path.read_text()) == []


def test_the_loader_of_label_files_makes_no_objects():
    assert label_file._Loader.__name__ in {"SafeLoader", "CSafeLoader"}
    with pytest.raises(yaml.constructor.ConstructorError):
        yaml.load("!!python/object/apply:os.getcwd []", label_file._Loader)


def test_every_package_is_looked_at():
    assert {path.parent.relative_to(ROOT).parts[0] for path in SOURCES} == {
        *(package.split(".")[0] for package in PACKAGES), "bench",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.externals",
        "eval(text)",
        "exec(text)",
        "__import__(text)",
        "os.system(text)",
        "from os import popen",
        "subprocess.run(text, shell=True)",
        "subprocess.Popen(text, shell=asked)",
        "subprocess.getoutput(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "from yaml import unsafe_load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
    ],
)
def test_what_is_dangerous_is_seen(source):
    assert dangers(source)


@pytest.mark.parametrize(
    "source",
    ["re.compile(text)", "yaml.safe_load(text)", "model.eval()", "np.load(path, allow_pickle=False)",
     "subprocess.run([program], shell=False)", "torch.load(path, weights_only=True)"],
)  # fmt: skip
def test_what_only_looks_so_is_not(source):
    assert dangers(source) == []
