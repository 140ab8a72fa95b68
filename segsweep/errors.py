"""Every error that segsweep raises on purpose.

SegsweepError
├── InputError            what the user gave cannot be used; the command line prints one line and exits with 2
│   ├── GridError         the grid file: names the file, the key and what is allowed
│   ├── DataError         a dataset: names the folder, the case or the file
│   └── TableError        a trials or cases table: names the column and the row
├── TrackingError         the tracking store refuses, or does not hold what was asked for
│   └── OutageError       it cannot be reached now
├── StoreError            the store of checkpoints cannot be used
├── ClusterError          what runs the trials has ended
├── LaunchEnded           a launch was told to stop, by a person or by a rule
└── TrainingError         a trial cannot go on; its message becomes the trial's reason
"""


class SegsweepError(Exception):
    """Anything that segsweep raises on purpose."""


class InputError(SegsweepError):
    """What the user gave cannot be used."""


class GridError(InputError, ValueError):
    """A grid file, or a value that comes from one, is wrong."""


class DataError(InputError, ValueError):
    """A dataset cannot be used as it is."""


class TableError(InputError, ValueError):
    """A trials or cases table does not hold what a report needs."""


class TrackingError(SegsweepError, RuntimeError):
    """The tracking store failed or lacks what was asked for."""


class OutageError(TrackingError):
    """The tracking store cannot be reached now; the same request may go well another time."""


class StoreError(SegsweepError, RuntimeError):
    """The store of checkpoints and claims failed."""


class ClusterError(SegsweepError, RuntimeError):
    """What runs the trials has ended before they did."""


class LaunchEnded(SegsweepError, RuntimeError):  # noqa: N818 (it is no mistake)
    """A launch was told to stop; what it has done is kept."""


class TrainingError(SegsweepError, RuntimeError):
    """A trial cannot go on."""
