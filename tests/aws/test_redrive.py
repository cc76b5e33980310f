"""A dead-letter queue that would lose dead letters is refused, as the queues really are set."""

import uuid

import pytest

from resources.aws import client
from resources.provision import DAY, ProvisionError, ensure_queue, redrive_policy
from resources.queue import SqsQueue
from resources.redrive import require_redrive
from tests.aws.cli.running import run
from tickets_cli.provisioning import check_redrive, provision


def change(queue: str, **attributes: str) -> None:
    client("sqs").set_queue_attributes(QueueUrl=SqsQueue(name=queue).url, Attributes=attributes)


def test_what_setup_makes_is_accepted(settings):
    check_redrive(settings)


@pytest.mark.parametrize(("days", "told"), [(13, "13 days"), (4, "4 days")])
def test_a_dead_letter_queue_that_keeps_no_longer_than_its_source_is_refused_with_both_figures(settings, days, told):
    change(settings.dead_letter_queue, MessageRetentionPeriod=str(days * DAY))

    with pytest.raises(ProvisionError) as caught:
        check_redrive(settings)

    message = str(caught.value)
    assert f"{settings.dead_letter_queue} keeps messages for {told}" in message
    assert f"{settings.queue} (13 days)" in message
    assert "tickets setup" in message


def test_a_source_that_keeps_as_long_as_its_dead_letter_queue_is_refused(settings):
    change(settings.queue, MessageRetentionPeriod=str(14 * DAY))

    with pytest.raises(ProvisionError, match="no longer than its source"):
        check_redrive(settings)


def test_a_queue_without_redrive_is_refused(settings):
    change(settings.queue, RedrivePolicy="")

    with pytest.raises(ProvisionError, match=f"{settings.queue} go nowhere, not to {settings.dead_letter_queue}"):
        check_redrive(settings)


def test_dead_letters_that_go_to_another_queue_are_refused_by_its_name(settings):
    other = f"other-{uuid.uuid4().hex[:8]}"
    change(settings.queue, RedrivePolicy=redrive_policy(ensure_queue(other, {}), 5))

    with pytest.raises(ProvisionError, match=rf"go to \S*{other}, not to {settings.dead_letter_queue}"):
        check_redrive(settings)


def test_a_queue_that_gives_up_earlier_than_agreed_is_refused_and_one_that_tries_longer_is_not(settings):
    with pytest.raises(ProvisionError, match="after 5 receives, not 6"):
        require_redrive(settings.queue, settings.dead_letter_queue, 6)

    require_redrive(settings.queue, settings.dead_letter_queue, 4)


def test_setup_sets_right_what_was_changed_by_hand(settings):
    change(settings.dead_letter_queue, MessageRetentionPeriod=str(DAY))
    change(settings.queue, RedrivePolicy="")

    list(provision(settings))

    check_redrive(settings)


def test_setup_refuses_one_queue_for_both(settings):
    same = settings.model_copy(update={"dead_letter_queue": settings.queue})

    with pytest.raises(ProvisionError, match=f"{settings.queue} keeps messages for 13 days, no longer than its source"):
        list(provision(same))


def test_the_processor_does_not_start_over_queues_that_lose_dead_letters(settings, monkeypatch, tmp_path):
    change(settings.dead_letter_queue, MessageRetentionPeriod=str(DAY))
    monkeypatch.setenv("TICKETS_QUEUE", settings.queue)
    monkeypatch.setenv("TICKETS_DEAD_LETTER_QUEUE", settings.dead_letter_queue)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    result = run("ticket-processor")

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"ticket-processor: queue {settings.dead_letter_queue} keeps messages for 1 day")
