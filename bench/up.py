"""`tickets up` with the definitions of any module: python -m bench.up MODULE AWS_PORT UI_PORT WORKERS."""

import signal
import sys
import time

from tickets_cli.layout import state_dir
from tickets_cli.processes import free_port
from tickets_cli.stack import Ports, running_stack
from tickets_cli.terminal import plain_errors, say

UP = "up until SIGTERM"


def main(module: str, aws: int, ui: int, workers: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ports = Ports(aws, ui, free_port(), free_port(), free_port())
    with plain_errors(), running_stack(state_dir(), ports, say, workers=workers, module=module) as stack:
        say(UP)
        while True:
            stack.check()
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
