import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from ticket_generator.generator import TicketGenerator
from ticket_generator.main import Stop, main, parser, send
from tickets_cli.processes import free_port

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("aws_endpoint")
COMMAND = [sys.executable, "-m", "ticket_generator.main"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def here(monkeypatch, capsys):
    """Runs the command in this process; gives exit code, output and complaints."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run_here(*arguments: str, **environment: str) -> tuple[int | str | None, str, str]:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                code = main(arguments)
            except SystemExit as end:
                code = end.code
        return (code, *capsys.readouterr())

    yield run_here
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def line_of(stream) -> str:
    return stream.readline()


def texts(seed: int, count: int) -> list[str]:
    generator = TicketGenerator(seed)
    return [generator.generate(0)["body"] for _ in range(count)]


def stored(bucket: str) -> list[dict]:
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [json.load(s3.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys]


@pytest.fixture
def name() -> str:
    return f"generator-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def bucket(name) -> str:
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def test_count_tickets_arrive_and_each_is_told_in_one_line_without_its_intent(bucket):
    done = run("--count", "5", "--rate", "6000", "--seed", "3", "--bucket", bucket)
    lines = done.stdout.splitlines()
    tickets = {ticket["ticket_id"]: ticket for ticket in stored(bucket)}
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert lines[-1] == f"5 tickets sent to {bucket}"
    assert sorted(lines[:-1]) == sorted(f"{ticket_id}  {ticket['subject']}" for ticket_id, ticket in tickets.items())
    assert sorted(ticket["body"] for ticket in tickets.values()) == sorted(texts(3, 5))


def test_two_runs_with_one_seed_repeat_texts_and_overwrite_nothing(here, bucket):
    for _ in range(2):
        assert here("--count", "2", "--rate", "6000", "--seed", "3", "--bucket", bucket)[0] == 0
    assert sorted(ticket["body"] for ticket in stored(bucket)) == sorted(texts(3, 2) * 2)


def test_the_bucket_may_come_from_the_environment(here, bucket):
    assert here("--count", "1", TICKETS_RAW_BUCKET=bucket)[0] == 0
    assert len(stored(bucket)) == 1


def test_tickets_never_come_faster_than_the_rate(bucket):
    options = parser().parse_args(["--rate", "240", "--count", "4", "--bucket", bucket])
    times = [time.monotonic() for _ in send(options, Stop())]
    # Four tickets are three pauses of a quarter of a second.
    assert times[-1] - times[0] > 0.7


def test_no_pause_follows_the_last_ticket(here, bucket):
    began = time.monotonic()
    assert here("--count", "1", "--rate", "0.5", "--bucket", bucket)[0] == 0
    assert time.monotonic() - began < 60  # of the pause's 120 seconds


def test_the_default_is_seven_a_minute_for_ever():
    options = parser().parse_args([])
    assert (options.rate, options.count, options.seed) == (7, None, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_a_total_and_success(bucket, number):
    with started("--rate", "1", "--bucket", bucket) as process:
        assert line_of(process.stdout).startswith("TKT-")
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, f"1 ticket sent to {bucket}\n", "")


def test_it_waits_for_a_bucket_that_is_made_later_and_skips_no_ticket(name):
    with started("--count", "2", "--rate", "6000", "--seed", "4", "--bucket", name) as process:
        complaint = line_of(process.stderr)
        boto3.client("s3").create_bucket(Bucket=name)
        out, err = process.communicate(timeout=20)
        assert f"bucket {name} at http://127.0.0.1" in complaint
        assert "tickets setup" in complaint
        assert err == "", "one kind of trouble is told once"
        assert process.returncode == 0
        assert len(out.splitlines()) == 3
        assert sorted(ticket["body"] for ticket in stored(name)) == sorted(texts(4, 2))


def test_an_unreachable_endpoint_is_named_and_retried_until_stopped(name):
    endpoint = f"http://127.0.0.1:{free_port()}"
    with started("--bucket", name, AWS_ENDPOINT_URL=endpoint) as process:
        complaint = line_of(process.stderr)
        time.sleep(1.5)
        assert process.poll() is None
        process.terminate()
        out, err = process.communicate(timeout=10)
        assert re.search(rf"cannot reach bucket {name} at {endpoint}.*tickets setup", complaint)
        assert (process.returncode, out, err) == (0, f"0 tickets sent to {name}\n", "")


def test_what_waiting_cannot_mend_ends_it_with_one_line(here, name):
    for environment in ({"AWS_ENDPOINT_URL": "nonsense"}, {"AWS_PROFILE": "no-such-profile"}):
        code, _, err = here("--bucket", name, "--count", "1", **environment)
        assert code == 1
        assert re.fullmatch(r"ticket-generator: .+\n", err)
    done = run("--bucket", "Not A Bucket", "--count", "1")
    assert done.returncode == 1
    assert "Not A Bucket" in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    "wrong", [["--rate", "0"], ["--rate", "inf"], ["--rate", "x"], ["--count", "0"], ["--seed", "a"]]
)
def test_wrong_arguments_are_refused_by_name(here, wrong):
    code, _, err = here(*wrong)
    assert code == 2
    assert f"argument {wrong[0]}" in err


def test_a_reader_that_leaves_early_causes_no_traceback(bucket):
    command = f"'{sys.executable}' -m ticket_generator.main --rate 6000 --count 20 --bucket {bucket} | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("TKT-")
    assert done.stderr == ""
