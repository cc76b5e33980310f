"""Objects that S3 refuses to give: whose fault it is, and the reason in its own words."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resources.aws import AwsUnavailable, aws_errors
from resources.object_store import ObjectUnreadable, S3ObjectStore


@pytest.fixture
def refusing(monkeypatch):
    """A server that answers every GET with one of S3's refusals; returns what sets it."""

    class Handler(BaseHTTPRequestHandler):
        code = ""

        def do_GET(self) -> None:
            body = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(400)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield lambda code: setattr(Handler, "code", code)
        server.shutdown()


def test_an_object_that_s3_does_not_give_is_named_with_s3s_reason(refusing):
    refusing("InvalidObjectState")
    with pytest.raises(ObjectUnreadable, match=r"s3://b/old\.json: InvalidObjectState"):
        S3ObjectStore(bucket="b").find("old.json")


@pytest.mark.parametrize(("code", "error"), [("InvalidURI", ObjectUnreadable), ("ExpiredToken", AwsUnavailable)])
@pytest.mark.parametrize("in_run", [False, True], ids=["in a command", "in a run"])
def test_a_head_that_is_refused_without_a_reason_asks_for_the_reason(refusing, code, error, in_run):
    refusing(code)
    objects = S3ObjectStore(bucket="b")
    objects._in_run = in_run
    with pytest.raises(error), aws_errors():
        objects.head("../x.json")


def test_a_refusal_of_ourselves_is_no_fault_of_the_object(refusing):
    refusing("AccessDenied")
    with pytest.raises(AwsUnavailable, match="refuses GetObject"), aws_errors():
        S3ObjectStore(bucket="b").find("new.json")
