"""What to do about an entry of quarantine, by its reason, in a sentence; the commands stand beside it."""

from ticket_assets.domain.quarantine import Reason

MEND = "The producer must put a good version under the same key: the entry goes when its record stands."
REMEDIES = {
    Reason.NOT_JSON: MEND,
    Reason.WRONG_SCHEMA: MEND,
    Reason.KEY_MISMATCH: "The producer must put it under the key <ticket_id>.json.",
    Reason.TOO_LARGE: "Over 1 MiB: the producer must put a shorter version under the same key.",
    Reason.OBJECT_GONE: "The object was deleted before it was read: put it again, or drop the entry.",
    Reason.OBJECT_UNREADABLE: "S3 does not give this object, as one that is archived: restore it, then replay.",
    Reason.MODEL_FAILURE: "A model broke at this ticket alone: tell the platform team; once it is mended, replay.",
    Reason.BAD_MESSAGE: "A queue message that names no object: find who sends such messages; drop the entry.",
    Reason.DEAD_LETTER: "Its batch could not be written five times: once the cause is mended, replay.",
    Reason.FORGOTTEN: "A person asked to be forgotten and a producer sent the ticket again: the platform team decides.",
    Reason.DROPPED: "Put away by somebody; its export is named in the entry.",
}
