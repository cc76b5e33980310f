"""A stand-in for Kubernetes' API server, as far as Dagster's launcher asks it: Jobs, their pods and events.

It speaks HTTP to the real client, keeps what was sent as it was sent, and lets a test say how a Job's pod ended.
"""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

JOBS = re.compile(r"/apis/batch/v1/namespaces/(?P<namespace>[^/]+)/jobs(?:/(?P<name>[^/]+)(?P<status>/status)?)?")
PODS = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(?:/(?P<name>[^/]+))?")
EVENTS = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/events")
Answer = tuple[int, dict[str, Any]]


class ApiServer:
    """Jobs by name; `on_create` is called with each new one, in a thread of its own."""

    def __init__(self, on_create: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, list[dict[str, Any]]] = {}  # a Job's pods, by its name
        self.calls: list[tuple[str, str]] = []  # method and resource
        self.silent = False
        self._on_create = on_create
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self, place: Path) -> Path:
        """A file that leads a client here."""
        named = {"name": "here"}
        cluster = {"server": f"http://127.0.0.1:{self._server.server_port}"}
        context = {"cluster": "here", "user": "here"}
        content = {"clusters": [{**named, "cluster": cluster}], "users": [{**named, "user": {}}]}
        content |= {"contexts": [{**named, "context": context}], "current-context": "here"}
        place.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **content}))
        return place

    def ended(self, name: str, **pod: Any) -> None:
        """The Job `name` has ended; `pod` is its pod's status, nothing where the pod is gone."""
        well = pod.get("phase") == "Succeeded"
        self.jobs[name]["status"] = {"succeeded" if well else "failed": 1}
        metadata = {"name": f"{name}-pod", "namespace": "tickets"}
        self.pods[name] = (
            [{"metadata": metadata, "spec": {"containers": [{"name": "dagster"}]}, "status": pod}] if pod else []
        )

    def answer(self, method: str, path: str, query: str, body: dict[str, Any]) -> Answer:
        if self.silent:
            return 503, {}
        if found := JOBS.fullmatch(path):
            self.calls.append((method, "jobs/status" if found["status"] else "jobs"))
            return self._jobs(method, found["name"], body)
        if found := PODS.fullmatch(path):
            self.calls.append((method, "pods"))
            job = query.rpartition("job-name%3D")[2].partition("&")[0]
            return 200, {"apiVersion": "v1", "kind": "PodList", "items": self.pods.get(job, [])}
        if EVENTS.fullmatch(path):
            self.calls.append((method, "events"))
            return 200, {"apiVersion": "v1", "kind": "EventList", "items": []}
        return 404, {}

    def _jobs(self, method: str, name: str | None, body: dict[str, Any]) -> Answer:
        if method == "POST":
            made = body["metadata"]["name"]
            if made in self.jobs:
                return 409, {}
            self.jobs[made] = {**body, "status": {"active": 1}}
            threading.Thread(target=self._on_create, args=(body,), daemon=True).start()
            return 201, self.jobs[made]
        if name is None:
            return 200, {"apiVersion": "batch/v1", "kind": "JobList", "items": list(self.jobs.values())}
        if name not in self.jobs:
            return 404, {}
        return 200, self.jobs.pop(name) if method == "DELETE" else self.jobs[name]


def _handler(server: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = server.answer(self.command, path, query, json.loads(body or b"{}"))
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing."""

    return Handler
