import pytest

from resources.aws import AwsUnavailable, AwsUnreachable
from resources.patience import patiently


@pytest.fixture
def at_once(monkeypatch):
    """Pauses take no time; real AWS is meant, so that no endpoint is tried first."""
    monkeypatch.setattr("resources.patience.time.sleep", lambda _seconds: None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def excusing(*excuses: Exception):
    """Work that raises the excuses in turn, then succeeds."""
    left = list(excuses)

    def work() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return work


def test_patience_says_what_it_waits_for_again_only_when_it_changes(at_once):
    said: list[str] = []
    excuses = [AwsUnreachable(name) for name in ("a", "a", "b", "b", "a")]

    assert patiently(excusing(*excuses), 100, said.append) == "done"
    assert said == ["waiting: a", "waiting: b", "waiting: a"]


def test_patience_ends(at_once):
    with pytest.raises(AwsUnreachable, match="gone"):
        patiently(excusing(AwsUnreachable("gone")), 0, print)


def test_patience_is_for_an_outage_and_not_for_a_refusal(at_once):
    with pytest.raises(AwsUnavailable, match="refused"):
        patiently(excusing(AwsUnavailable("refused")), 100, print)
    assert patiently(excusing(AwsUnavailable("not set up")), 100, print, AwsUnavailable) == "done"
