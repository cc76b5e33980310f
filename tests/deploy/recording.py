"""What each role needs of AWS, recorded from the calls that the real code makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore
from botocore.model import OperationModel

from tests.deploy.actions import Need, needs
from tests.deploy.requests import operation
from tests.support import forget_clients


class Recorder:
    """What each role has needed so far; calls made as nobody are not recorded."""

    def __init__(self) -> None:
        self.needs: dict[str, set[Need]] = {}
        self.unknown: list[str] = []
        self._role: str | None = None

    @contextmanager
    def playing(self, role: str) -> Iterator[None]:
        """All calls of this process are the role's."""
        self._role = role
        try:
            yield
        finally:
            self._role = None

    def listen(self, session: Any) -> None:
        """Hear of every call of every client of this botocore session."""
        session.register("before-parameter-build", self._before)
        session.register("after-call", self._after)

    def overhear(self, method: str, path: str, headers: Any, body: bytes) -> None:
        """Hear of a request on its way; botocore's own are known already."""
        if "otocore" in headers.get("User-Agent", ""):
            return
        try:
            name, params = operation(method, path, headers, body)
        except LookupError as error:
            self.unknown.append(str(error))
        else:
            self._note("s3", name, params)

    def _before(self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        context["params"] = dict(params)
        self._note(model.service_model.service_name, str(model.name), params)

    def _after(self, http_response: Any, model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        # S3 answers 404 only to those who may list the bucket, to others 403.
        if model.name in {"GetObject", "HeadObject"} and http_response.status_code == 404:
            self._note("s3", "ListObjectsV2", {"Bucket": context["params"]["Bucket"]})

    def _note(self, service: str, operation: str, params: dict[str, Any]) -> None:
        if self._role is None:
            return
        try:
            self.needs.setdefault(self._role, set()).update(needs(service, operation, params))
        except LookupError as error:
            self.unknown.append(str(error))


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that hears of every client made from now on, and of the project's own, which are made anew."""
    recorder = Recorder()
    botocore.register_initializer(recorder.listen)
    forget_clients()
    try:
        yield recorder
    finally:
        botocore.unregister_initializer(recorder.listen)
        forget_clients()
