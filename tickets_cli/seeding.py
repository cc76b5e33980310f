"""Generated tickets into the raw bucket, with a progress bar."""

import time

from rich.console import Console
from rich.progress import track

from resources.aws import client
from ticket_generator.generator import TicketGenerator
from ticket_generator.upload import upload


def put_tickets(bucket: str, count: int, seed: int | None, console: Console) -> list[str]:
    """Put `count` tickets; returns their keys."""
    generator, s3 = TicketGenerator(seed), client("s3")
    tickets = track(range(count), description="putting tickets", console=console)
    return [upload(s3, bucket, generator.generate(int(time.time()))) for _ in tickets]
