"""The weights of a finished trial as files of its run, and the network that these make again."""

import io

import torch
from torch import nn

from segsweep.data.batches import Batches
from segsweep.errors import TrackingError
from segsweep.records.trained_network import TrainedNetwork
from segsweep.spec.datasets import FileDataset
from segsweep.spec.preprocess import Normalise, Preprocess
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import NETWORK_FILE, WEIGHTS_FILE
from segsweep.training.lane import Weights
from segsweep.training.layout import lay_out
from segsweep.training.networks import build_network

_AS_DRAWN = Preprocess(normalise=Normalise(method="none"))
"""Of phantoms."""


def trained_files(weights: Weights, trial: Trial, batches: Batches) -> dict[str, bytes]:
    """What a trained network is made of again, by file name.

    Args:
        weights: of the chosen checkpoint.
        trial: that trained them.
        batches: that it was trained on.
    """
    described = TrainedNetwork(
        network=trial.network,
        labels=batches.labels,
        channels=batches.channels,
        size=batches.size,
        preprocess=trial.dataset.preprocess if isinstance(trial.dataset, FileDataset) else _AS_DRAWN,
    )
    content = io.BytesIO()
    torch.save({name: tensor.cpu() for name, tensor in weights.items()}, content)
    return {NETWORK_FILE: described.to_json(), WEIGHTS_FILE: content.getvalue()}


def build_trained(described: TrainedNetwork, weights: bytes, device: torch.device) -> nn.Module:
    """A trained network in evaluation mode.

    Args:
        described: what it is.
        weights: as `trained_files` gives them.
        device: to predict on.

    Raises:
        GridError: MONAI has no such network any more.
        TrackingError: the weights are not those of the network as it is built now.
    """
    axes = len(described.size)
    network = build_network(
        described.network, axes=axes, channels=described.channels, outputs=described.outputs, seed=0
    )
    try:
        network.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))
    except (RuntimeError, KeyError) as error:
        raise TrackingError(
            f"the weights do not fit {described.network.name} as it is built now: {str(error).splitlines()[0]}"
        ) from error
    return lay_out(network, device).eval()
