"""The keys under which a sweep's work lies in its store."""

CHECKPOINTS = "checkpoints/"
EXECUTIONS = "executions/"
WARM_STARTS = "warm-starts/"


def checkpoint_folder(name: str) -> str:
    """The prefix of the checkpoints of a trial or a warm start."""
    return f"{CHECKPOINTS}{name}/"


def warm_start_key(name: str) -> str:
    """A warm start's weights."""
    return f"{WARM_STARTS}{name}.pt"


def warm_start_failure_key(name: str) -> str:
    """Why there are no weights of a warm start, and why another attempt would not give any."""
    return f"{WARM_STARTS}{name}.failed"


def execution_key(cohort: str) -> str:
    """How the lanes of a cohort take their batches."""
    return f"{EXECUTIONS}{cohort}.json"


def owner(key: str) -> str:
    """The trial or warm start that a checkpoint or a warm start's key belongs to."""
    return key.split("/")[1].partition(".")[0]
