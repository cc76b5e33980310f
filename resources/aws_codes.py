"""What AWS's error codes mean to an operator: a line each, with {where}, {operation} and {code} to be filled in."""

REFUSED = "{where} refuses {operation} ({code}): check the credentials and what they may do"
EXPIRED = "the credentials for {where} have expired: log in again"
THROTTLED = "{where} throttles {operation} ({code}): it passes by itself; where it lasts, raise the limits there"
FAILING = "{where} fails at {operation} ({code}): an outage at its side, which ends by itself"
THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
MISSING = " at {where} is missing ({operation}): run `tickets setup`"
CODES = {
    **dict.fromkeys(THROTTLES, THROTTLED),
    "AccessDenied": REFUSED,
    "AccessDeniedException": REFUSED,
    "AuthorizationError": REFUSED,
    "InvalidAccessKeyId": REFUSED,
    "InvalidClientTokenId": REFUSED,
    "SignatureDoesNotMatch": REFUSED,
    "UnrecognizedClientException": REFUSED,
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "RequestExpired": EXPIRED,
    "NoSuchBucket": f"a bucket{MISSING}",
    "AWS.SimpleQueueService.NonExistentQueue": f"a queue{MISSING}",
    "QueueDoesNotExist": f"a queue{MISSING}",
    "ResourceNotFoundException": f"a table{MISSING}",
}
# An answer to HEAD has no body, so no code: S3 says 400 of expired credentials there, 403 of others.
HEAD_CODES = {"403": REFUSED}  # of a bare 400 only a GET says why: expired credentials, or a key that S3 does not take
