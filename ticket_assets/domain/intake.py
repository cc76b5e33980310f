"""From an object's bytes to a valid ticket, or to the reason why it is none."""

from pydantic import ValidationError

from ticket_assets.domain.models import RawTicket
from ticket_assets.domain.quarantine import FieldError, Reason, Rejection, field_errors

MAX_OBJECT_BYTES = 1024 * 1024
UTF8_BOM = b"\xef\xbb\xbf"


class Rejected(Exception):
    """The object cannot be enriched; carries the reason and the field-level errors."""

    def __init__(self, reason: Reason, errors: list[FieldError]) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.errors = errors

    def at(self, key: str, read_at: float, etag: str = "", last_modified: int = 0) -> Rejection:
        """The outcome as the rejection of the object version that was read."""
        return Rejection(
            key=key, reason=self.reason, errors=self.errors, etag=etag, last_modified=last_modified, read_at=read_at
        )


def parse_ticket(key: str, body: bytes, size: int) -> RawTicket:
    """The ticket in `body`, an object of `size` bytes stored under `key`.

    `body` may be cut off where `size` is over the limit. Raises Rejected.
    """
    if size > MAX_OBJECT_BYTES:
        raise Rejected(Reason.TOO_LARGE, [whole(f"{size:,} bytes; at most {MAX_OBJECT_BYTES:,} are read")])
    try:
        ticket = RawTicket.model_validate_json(body.removeprefix(UTF8_BOM))
    except ValidationError as error:
        reason = Reason.NOT_JSON if error.errors()[0]["type"] == "json_invalid" else Reason.WRONG_SCHEMA
        raise Rejected(reason, field_errors(error)) from None
    if key != object_key(ticket.ticket_id):
        message = f"the object's key is {key!r}, its ticket_id asks for {object_key(ticket.ticket_id)!r}"
        raise Rejected(Reason.KEY_MISMATCH, [FieldError(field="ticket_id", message=message)])
    return ticket


def object_gone() -> Rejected:
    """The outcome for an object that was deleted before it was read."""
    return Rejected(Reason.OBJECT_GONE, [whole("the object was deleted before it was read; put it again")])


def object_unreadable(error: str) -> Rejected:
    """The outcome for an object that S3 has but does not give."""
    return Rejected(Reason.OBJECT_UNREADABLE, [whole(error)])


def process_killer(cause: str) -> Rejected:
    """The outcome for a ticket that, alone, ended three processes of the models, by `cause` such as signal 9."""
    return Rejected(Reason.MODEL_FAILURE, [whole(f"killed the models' process three times, alone ({cause})")])


def object_key(ticket_id: str) -> str:
    """The key of a ticket's object, in the raw bucket and in the enriched one."""
    return f"{ticket_id}.json"


def whole(message: str) -> FieldError:
    """An error of the whole object rather than of a field."""
    return FieldError(field="", message=message)
