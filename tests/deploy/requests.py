"""S3's requests as they go over the wire, for clients that are not botocore's: which operations they are.

Lance has a client of its own, in Rust. What is not known here is an error, as in `actions.py`.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WITH_KEY = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
UPLOADS = {"POST", "PUT"}  # of an object in parts: the same permission as a put


def operation(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters as botocore names them. Raises LookupError."""
    place = urlsplit(path)
    bucket, _, key = unquote(place.path).lstrip("/").partition("/")
    query = parse_qs(place.query, keep_blank_values=True)
    about = {"Bucket": bucket, "Key": key}
    if method == "GET" and not key and "list-type" in query:
        return "ListObjectsV2", {"Bucket": bucket}
    if method == "POST" and "delete" in query:
        keys = re.findall(rb"<Key>(.*?)</Key>", body)
        return "DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": [{"Key": k.decode()} for k in keys]}}
    if key and method in UPLOADS and query.keys() & {"uploads", "uploadId"}:
        return "PutObject", about
    if not key or method not in WITH_KEY or query.keys() - {"x-id"} or "x-amz-copy-source" in headers:
        raise LookupError(f"{method} {path}: add it to requests.py")
    conditions = {"IfMatch": "etag"} if "If-Match" in headers else {}
    return WITH_KEY[method], {**about, **conditions}
