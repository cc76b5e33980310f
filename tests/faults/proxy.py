"""A proxy between the code under test and the local AWS server, which makes the faults that the server cannot.

Whatever no rule speaks of passes untouched. The local server checks no signature, so a changed host does not matter.
"""

import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Answer:
    """An AWS error as the service's own protocol says it; `status` 0 drops the connection, -1 keeps it in silence."""

    code: str
    status: int

    def body(self, service: str) -> bytes:
        if service == "s3":
            return f"<Error><Code>{self.code}</Code><Message>injected</Message></Error>".encode()
        return json.dumps({"__type": f"com.amazonaws#{self.code}", "message": "injected"}).encode()


DOWN = Answer("", 0)
SILENT = Answer("", -1)
HALF = Answer("the first half of the bytes", 200)
THROTTLED = Answer("ProvisionedThroughputExceededException", 400)
SLOW_DOWN = Answer("SlowDown", 503)
SQS_THROTTLED = Answer("RequestThrottled", 400)
EXPIRED = Answer("ExpiredToken", 400)
EXPIRED_JSON = Answer("ExpiredTokenException", 400)


# Answers a request's body, with the means to ask the server itself for some of it.
Partly = Callable[[bytes, Callable[[bytes], bytes]], bytes]


@dataclass
class Rule:
    """`answer` for operations whose name, such as "s3.PUT bucket/key" or "sqs.ReceiveMessage queue", matches `pattern`.

    Holds for so many seconds from its first answer, and for `times` answers at most.
    """

    pattern: str
    answer: Answer | Partly
    seconds: float
    times: float
    first: float = math.inf

    def takes(self, operation: str) -> bool:
        on = self.times > 0 and time.monotonic() < self.first + self.seconds
        return on and bool(re.match(self.pattern, operation))


@dataclass
class Proxy:
    """What passes, and the rules that break some of it."""

    target: str
    url: str = ""
    heard: Callable[[str, str, Any, bytes], None] = lambda *_: None  # is told of every request
    rules: list[Rule] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)  # operations, by service and name
    broken: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def fail(self, pattern: str, answer: Answer | Partly, seconds: float = 600, times: float = math.inf) -> None:
        """From now on, `answer` instead of the server's."""
        self.rules.append(Rule(pattern, answer, seconds, times))

    def cut(self, pattern: str, times: float) -> None:
        """From now on, the first half of an answer's bytes, then no connection."""
        self.fail(pattern, HALF, times=times)

    def mend(self) -> None:
        self.rules.clear()

    def forget(self) -> None:
        """Be as new: the next test counts from here, and none is kept in silence any more."""
        self.over.set()
        self.over = threading.Event()
        with self.lock:
            for book in (self.rules, self.seen, self.broken):
                book.clear()

    def rule(self, operation: str) -> Rule | None:
        with self.lock:
            self.seen[operation] += 1
            found = next((rule for rule in self.rules if rule.takes(operation)), None)
            if found:
                found.times -= 1
                found.first = min(found.first, time.monotonic())
                self.broken[operation] += 1
            return found


def operation_of(method: str, path: str, headers: Any, body: bytes) -> tuple[str, str]:
    """The service, and what it is asked: "sqs.Operation queue", "dynamodb.Operation table", "s3.METHOD bucket/key"."""
    target = headers.get("X-Amz-Target", "")
    if target:
        service, _, name = target.rpartition(".")
        kind = "dynamodb" if "Dynamo" in service else "sqs"
        of = re.search(rb'"(?:QueueUrl|TableName)": ?"(?:[^"]*/)?([^"/]+)"', body)
        return kind, f"{kind}.{name} {of[1].decode() if of else ''}".strip()
    return "s3", f"s3.{method} {urlsplit(path).path.lstrip('/')}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.heard(self.command, self.path, self.headers, body)
        service, operation = operation_of(self.command, self.path, self.headers, body)
        rule = self.proxy.rule(operation)
        if rule is None:
            self._reply(*self._ask(body))
        elif isinstance(rule.answer, Answer):
            self._refuse(rule.answer, service, body)
        else:
            answer = rule.answer(body, lambda changed: self._ask(changed)[2])
            self._reply(200, [("Content-Type", "application/x-amz-json-1.0")], answer)

    def _refuse(self, answer: Answer, service: str, request: bytes) -> None:
        self.close_connection = True
        if answer == SILENT:
            self.proxy.over.wait()
        elif answer == HALF:
            status, headers, whole = self._ask(request)
            self._reply(status, headers, whole, whole[: len(whole) // 2])
        elif answer.status:
            body = answer.body(service)
            self._reply(answer.status, [("Connection", "close")], b"" if self.command == "HEAD" else body)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(urlsplit(self.proxy.target).netloc, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        keep = [pair for pair in response.getheaders() if pair[0].lower() not in HOP_BY_HOP]
        if self.command == "HEAD":
            keep += [("Content-Length", response.getheader("Content-Length") or "0")]
        return response.status, keep, answer

    def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes, sent: bytes | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if sent is None else sent)

    def handle_expect_100(self) -> bool:
        """Say "go on" at once: a client waits a second for it."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - the server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error here."""


@contextmanager
def running_proxy(target: str, heard: Callable[[str, str, Any, bytes], None] = lambda *_: None) -> Iterator[Proxy]:
    """A proxy in front of the server at `target`; `heard` is told method, path, headers and body of each request."""
    proxy = Proxy(target, heard=heard)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = _Server(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        server.shutdown()
        server.server_close()
