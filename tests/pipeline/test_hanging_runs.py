"""A real run that does not end: Dagster's monitor ends it after the maximum runtime, and interrupts its worker."""

import yaml

from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.pipeline.programs import UP, kill_all
from tests.pipeline.test_graceful_stop import Processor
from tests.support import eventually
from tickets_cli.dagster_services import prepare_home


def test_a_run_that_the_monitor_ends_took_too_long_though_its_worker_speaks_of_an_interrupt(settings, tmp_path):
    processor = Processor(tmp_path, settings)
    prepare_home(processor.home)
    place = processor.home / "dagster.yaml"
    settings = yaml.safe_load(place.read_text())
    settings["run_monitoring"] |= {"max_runtime_seconds": 1, "poll_interval_seconds": 1}
    place.write_text(yaml.safe_dump(settings))
    running = processor.start()
    try:
        processor.put("T-1")
        (run, *_) = eventually(lambda: [run for run in processor.runs() if run.is_finished], UP)
    finally:
        running.stop(0)
        assert eventually(lambda: kill_all(tmp_path))
    assert end_of(processor.instance, run) is End.TOO_LONG
