"""How a run ended, read from its error."""

import pytest
from botocore.exceptions import ClientError
from dagster_shared.error import SerializableErrorInfo

from resources.aws import unavailable
from sensors.run_ends import _of_error
from sensors.verdicts import End


def refusal(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutItem")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("SlowDown", 503),
        refusal("Unheard", 500),
        refusal("ExpiredToken"),
    ],
    ids=lambda error: error.response["Error"]["Code"],
)
def test_whatever_a_run_waited_for_in_vain_is_an_outage_and_no_error_of_its_batch(error):
    said = unavailable(error)
    assert said is not None
    info = SerializableErrorInfo(f"{type(said).__name__}: {said}", [], type(said).__name__)

    assert _of_error(SerializableErrorInfo("step failed", [], "DagsterExecutionStepExecutionError", info)) is End.OUTAGE


def test_an_error_of_our_own_is_one():
    assert _of_error(SerializableErrorInfo("ValueError: no", [], "ValueError")) is End.ERROR
