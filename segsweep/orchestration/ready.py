"""What makes a process a ready worker; Ray imports it in its workers as they start, before the first slice comes."""

import gc
from contextlib import suppress

gc.disable()  # imports make many objects and hardly any garbage
with suppress(Exception):  # what cannot be imported is told by the slice that needs it
    import segsweep.orchestration.work
    import segsweep.tracking.mlflow_tracker  # noqa: F401
gc.enable()
# these objects stay: to look through them for garbage again and again took 7 % of the time of short trials
gc.freeze()
