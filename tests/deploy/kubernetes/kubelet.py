"""Runs the containers of rendered pods as processes of this machine: commands, arguments and variables verbatim.

What a cluster gives them is replaced and nothing else: mounts by folders, names and ports of services by free ports
here, the role in AWS by the local server's keys, Kubernetes' own server by a stand-in.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.kubernetes.manifests import environment
from tests.deploy.kubernetes.rules import WITH_KUBERNETES
from tests.pipeline.programs import UP
from tickets_cli.processes import ManagedProcess, free_port

Template = Mapping[str, Any]


@dataclass
class Kubelet:
    """`objects` are the rendered ones; `role` and `kubeconfig` are what accounts give their pods here."""

    objects: Sequence[dict[str, Any]]
    place: Path
    secrets: Mapping[str, str]
    role: Mapping[str, str]
    kubeconfig: Path
    models: Path
    grpc_port: int = field(default_factory=free_port)

    def start(self, name: str, template: Template) -> ManagedProcess:
        """Run the pod's init containers to their end, then start its main one."""
        for container in template["spec"].get("initContainers") or []:
            command, variables = self._process(name, template, container)
            done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=UP, check=False)
            assert done.returncode == 0, done.stderr
        (container,) = template["spec"]["containers"]
        command, variables = self._process(name, template, container)
        return ManagedProcess(name, command, variables, self.place / f"{name}.log")

    def _process(self, name: str, template: Template, container: Mapping) -> tuple[list[str], dict[str, str]]:
        folders = self._mounts(name, template, container)
        account = template["spec"]["serviceAccountName"]
        variables = environment(self.objects, template, container, self.secrets)
        variables |= {"KUBECONFIG": str(self.kubeconfig)} if account in WITH_KUBERNETES else dict(self.role)
        inherited = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "AWS_CA_BUNDLE") if key in os.environ}
        words = [*container.get("command", []), *container.get("args", [])]
        program, *arguments = [self._here(word, folders) for word in words]
        here = {key: self._here(value, folders) for key, value in variables.items()}
        return [str(Path(sys.executable).with_name(program)), *arguments], inherited | here

    def _mounts(self, name: str, template: Template, container: Mapping) -> dict[str, Path]:
        """A folder for each path at which the container has a volume."""
        volumes = {volume["name"]: volume for volume in template["spec"].get("volumes", [])}
        folders: dict[str, Path] = {}
        for mount in container.get("volumeMounts", []):
            folder = self.models if mount["name"] == "models" else self.place / name / mount["name"]
            folder.mkdir(parents=True, exist_ok=True)
            files = self._files(volumes[mount["name"]])
            if "subPath" in mount:
                path = Path(mount["mountPath"])
                (folders[str(path.parent)] / path.name).write_text(files[mount["subPath"]])
                continue
            for file, text in files.items():
                (folder / file).write_text(text)
            folders[mount["mountPath"]] = folder
        return folders

    def _files(self, volume: Mapping) -> dict[str, str]:
        wanted = volume.get("configMap", {}).get("name")
        data = [o["data"] for o in self.objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == wanted]
        return {name: self._adapted(text) for files in data for name, text in files.items()}

    def _adapted(self, text: str) -> str:
        content = yaml.safe_load(text)
        if launcher := content.get("run_launcher"):
            launcher["config"]["load_incluster_config"] = False
        for location in content.get("load_from", []):
            location["grpc_server"] |= {"host": "127.0.0.1", "port": self.grpc_port}
        return yaml.safe_dump(content)

    def _here(self, text: str, folders: Mapping[str, Path]) -> str:
        """The text with what is here in place of what a cluster has: whole words, and paths below a mount."""
        whole = {"/tmp": str(folders.get("/tmp")), "4000": str(self.grpc_port), "0.0.0.0": "127.0.0.1"}
        if text in whole:
            return whole[text]
        paths = "|".join(re.escape(path) for path in sorted(folders, key=len, reverse=True) if path != "/tmp")
        return re.sub(rf"(?<![\w/-])({paths})(?![\w-])", lambda match: str(folders[match[1]]), text) if paths else text
