"""How long from a put in S3 to the item in DynamoDB takes on an idle system with a batch window of one second."""

import time

from rich.console import Console

from bench.common import fresh_stack, report
from ticket_assets.definitions import build_stores
from ticket_assets.settings import load_settings
from tickets_cli.seeding import put_tickets

TICKETS, BAR = 10, 25.0
IDLE_SECONDS = 7  # longer than a run takes to be forgotten and a tick to come round
WAIT_SECONDS = 120


def main() -> None:
    with fresh_stack(window_seconds=1):
        settings = load_settings()
        table = build_stores(settings)["table"]
        seconds = []
        for number in range(TICKETS):
            time.sleep(IDLE_SECONDS)
            begun = time.monotonic()
            (key,) = put_tickets(settings.raw_bucket, 1, number, Console(quiet=True))
            while not table.items(key.removesuffix(".json")) and time.monotonic() - begun < WAIT_SECONDS:
                time.sleep(0.1)
            seconds.append(round(time.monotonic() - begun, 2))
    report("latency", "put to item, idle, window 1 s, models loaded anew", BAR, seconds)


if __name__ == "__main__":
    main()
