"""A search of every store for a text, by other means than the command's own: its proof is not believed but tested."""

import io
import json
import tempfile

import pyarrow.parquet as pq

from resources.aws import client
from tests.pipeline.conftest import Pipeline


def keep_versions(pipeline: Pipeline) -> None:
    """Let the three buckets keep every version."""
    for store in (pipeline.raw, pipeline.records, pipeline.store):
        client("s3").put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})


def traces(pipeline: Pipeline, text: str) -> list[str]:
    """Where the buckets hold this text, in any version, rows of Parquet files among it, and where the table does."""
    found = []
    for store in (pipeline.raw, pipeline.records, pipeline.store):
        for version in store.list_versions():
            stored = store.find_version(version)
            if stored and text in _plain(version.key, stored.body):
                found.append(f"{store.bucket}/{version.key}")
    items = client("dynamodb").scan(TableName=pipeline.settings.table)["Items"]
    return found + [f"table {item['ticket_id']['S']}" for item in items if text in json.dumps(item)]


def _plain(key: str, body: bytes) -> str:
    if "/data/" in key and key.endswith(".lance"):  # a text in it may be compressed
        from lance.file import LanceFileReader

        with tempfile.NamedTemporaryFile(suffix=".lance") as copy:
            copy.write(body)
            copy.flush()
            return json.dumps(LanceFileReader(copy.name).read_all().to_table().to_pylist())
    if key.endswith(".parquet"):
        return json.dumps(pq.read_table(io.BytesIO(body)).to_pylist())
    return body.decode(errors="replace")
