"""Imported by Ray's workers as they start, so that what they need is there before the first slice comes."""

import gc
from contextlib import suppress

gc.disable()  # imports make many objects and hardly any garbage
with suppress(Exception):  # what cannot be imported is told by the slice that needs it
    import torch._dynamo  # noqa: F401 (the first optimizer would)

    import segsweep.orchestration.work
    import segsweep.tracking.mlflow_tracker  # noqa: F401
gc.enable()
