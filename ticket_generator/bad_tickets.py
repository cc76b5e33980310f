"""Objects that the pipeline must put in quarantine, for its demo: one for each common kind of bad producer."""

import json
import time

from ticket_generator.generator import TicketGenerator, new_ticket_id


def bad_objects(now: int | None = None) -> list[tuple[str, bytes]]:
    """Three (key, content): cut off JSON, `created_at` as ISO text, a key that is not its ticket's.

    Keys are new each time. `now` is in Unix seconds, the present if None.
    """
    now = int(time.time()) if now is None else now
    generator = TicketGenerator()
    cut_off, iso, misplaced = (generator.generate(now) for _ in range(3))
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return [
        (f"{cut_off['ticket_id']}.json", json.dumps(cut_off).encode()[:-40]),
        (f"{iso['ticket_id']}.json", json.dumps({**iso, "created_at": written}).encode()),
        (f"{new_ticket_id(now)}.json", json.dumps(misplaced).encode()),
    ]
