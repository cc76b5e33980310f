"""The `ticket-generator` command: arguments, pace, patience and signals. It knows nothing of what tickets say."""

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ticket_generator.generator import Ticket, TicketGenerator
from ticket_generator.upload import s3_client, trouble, upload

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
# A signal is noticed within this many seconds.
NAP = 0.2

EXAMPLE = """examples:
  ticket-generator                             seven tickets a minute until Ctrl-C
  ticket-generator --rate 120 --count 200      two hundred tickets in under two minutes
  ticket-generator --seed 7 --count 20         the same twenty texts each time, under new ids

With AWS_ENDPOINT_URL=http://localhost:4566 tickets go to a local server, without it to AWS.
"""


class Stop:
    """Requested by SIGTERM or SIGINT, once it listens; a second signal ends the process at once."""

    requested = False

    def listen(self) -> None:
        """Take over the process's signals."""
        signal.signal(signal.SIGTERM, self._request)
        signal.signal(signal.SIGINT, self._request)

    def _request(self, number: int, _frame: object) -> None:
        self.requested = True
        signal.signal(number, signal.SIG_DFL)

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`, or until a stop is requested."""
        until = time.monotonic() + seconds
        while not self.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(NAP, left))


class RefusedError(RuntimeError):
    """Trouble that no waiting mends; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0 when stopped or done, 1 when S3 refuses, 2 for wrong arguments."""
    options = parser().parse_args(arguments)
    stop = Stop()
    stop.listen()
    sent = 0
    try:
        for ticket in send(options, stop):
            sent += 1
            _say(f"{ticket['ticket_id']}  {ticket['subject']}")
    except RefusedError as error:
        _say(f"ticket-generator: {error}", sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the lines has left (`| head`); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    _say(f"{sent} {'ticket' if sent == 1 else 'tickets'} sent to {options.bucket}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="ticket-generator",
        description="Write realistic support tickets to S3 as <ticket_id>.json, at a steady rate.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bucket = os.environ.get("TICKETS_RAW_BUCKET") or "tickets-raw"
    result.add_argument("--rate", type=_rate, default=7.0, help="at most this many tickets a minute (default 7)")
    result.add_argument("--count", type=_count, help="stop after this many tickets (default: go on for ever)")
    result.add_argument(
        "--seed", type=int, help="a whole number; the same seed gives the same texts, always under new ids"
    )
    result.add_argument(
        "--bucket", default=bucket, help=f"the bucket's name (default TICKETS_RAW_BUCKET, now {bucket})"
    )
    return result


def send(options: argparse.Namespace, stop: Stop) -> Iterator[Ticket]:
    """Each ticket once it is in the bucket. Raises RefusedError."""
    try:
        client = s3_client()
    except (ValueError, BotoCoreError) as error:
        raise RefusedError(str(error)) from error
    generator = TicketGenerator(options.seed)
    sent = 0
    while not stop.requested and (options.count is None or sent < options.count):
        ticket = generator.generate(int(time.time()))
        started = send_one(client, options.bucket, ticket, stop)
        if started is None:
            return
        yield ticket
        sent += 1
        if sent != options.count:
            stop.sleep(started + 60 / options.rate - time.monotonic())


def send_one(client: Any, bucket: str, ticket: Ticket, stop: Stop) -> float | None:
    """Try until `ticket` is in the bucket; when the last try began (monotonic seconds), None if stopped before.

    Waits 1, 2, 4 … 30 s between tries. Raises RefusedError.
    """
    wait, said = FIRST_WAIT, ""
    while not stop.requested:
        started = time.monotonic()
        try:
            upload(client, bucket, ticket)
        except (BotoCoreError, ClientError) as error:
            found = trouble(error, client.meta.endpoint_url, bucket)
            if not found.passes:
                raise RefusedError(found.line) from error
            if found.line != said:
                said = found.line
                _say(f"ticket-generator: {said}. Trying again, at least every {LONGEST_WAIT:.0f} s", sys.stderr)
            stop.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        else:
            return started
    return None


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0 of tickets a minute")
    return rate


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return count


def _say(line: str, stream: Any = None) -> None:
    print(line, file=stream or sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
