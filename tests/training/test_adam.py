"""Adam against torch's, and what it does not import."""

import subprocess
import sys

import torch
from torch import nn
from torch.nn import functional as F

from segsweep.training.adam import Adam

_LEARN = """
import sys, torch
import segsweep.orchestration.ready
from segsweep.training.adam import Adam
from segsweep.training.fused import stacked_forward
networks = [torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)]
adam = Adam(networks[0].parameters(), lr=0.1, fused=True)
schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(adam)
stacked_forward(networks, torch.ones(4, 3)).sum().backward()
adam.step()
adam.zero_grad(set_to_none=True)
schedule.step(0.5)
adam.load_state_dict(adam.state_dict())
print("torch._dynamo" in sys.modules)
"""


def test_numbers_are_those_of_torch_also_after_going_on_from_a_state() -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    adam: torch.optim.Adam = Adam(ours.parameters(), lr=0.1, fused=True)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.1, fused=True)
    for step in range(6):
        if step == 3:
            state = adam.state_dict()
            adam = Adam(ours.parameters(), lr=0.7, fused=True)
            adam.load_state_dict(state)
        images, wanted = torch.randn(4, 3), torch.randn(4, 2)
        for network, optimizer in ((ours, adam), (theirs, reference)):
            optimizer.zero_grad(set_to_none=True)
            F.mse_loss(network(images), wanted).backward()
            optimizer.step()
        assert torch.equal(ours.weight, theirs.weight)
        assert torch.equal(ours.bias, theirs.bias)


def test_learning_does_not_import_the_compiler() -> None:
    told = subprocess.run([sys.executable, "-c", _LEARN], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
