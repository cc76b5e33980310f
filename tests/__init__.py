"""Every process of the tests computes on one thread, as a stack's runs do; numpy and torch read it when they load.

Where more processes run than there are cores, threads of one sum wait for each other by spinning: the fit of a head
took six times the processor time.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
