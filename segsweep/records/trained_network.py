"""What it takes beside its weights to apply a trained network: a file of the run that trained it."""

from segsweep.errors import TrackingError
from segsweep.spec.preprocess import Preprocess
from segsweep.spec.settings import Network, logits_per_voxel
from segsweep.spec.values import Frozen, PositiveInt


class TrainedNetwork(Frozen):
    """A network and the grid that it sees images on.

    Args:
        network: as the grid file says it.
        labels: names, background first.
        channels: of an image, after `preprocess` has chosen among them.
        size: of the training grid, or of a patch.
        preprocess: from native image to training grid.
    """

    network: Network
    labels: tuple[str, ...]
    channels: PositiveInt
    size: tuple[PositiveInt, ...]
    preprocess: Preprocess

    @property
    def outputs(self) -> int:
        """Logits per voxel."""
        return logits_per_voxel(self.labels)

    def to_json(self) -> bytes:
        """As a file."""
        return self.model_dump_json().encode()

    @classmethod
    def from_json(cls, content: bytes) -> "TrainedNetwork":
        """From a file.

        Raises:
            TrackingError: the file is damaged or of another version.
        """
        try:
            return cls.model_validate_json(content)
        except ValueError as error:
            raise TrackingError(f"network.json cannot be read: {str(error).splitlines()[0]}") from error
