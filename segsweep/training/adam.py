"""Adam as torch has it, apart from torch's compiler.

The first optimizer of `torch.optim` imports `torch._dynamo`, to keep the compiler out of its methods: more than a
second of every worker's start, for nothing where nothing is compiled. Here the methods are taken from under that guard.
"""

import inspect

import torch

_step = inspect.unwrap(torch.optim.Adam.step)


class Adam(torch.optim.Adam):
    """`torch.optim.Adam`, the same to the last bit; without closures, and not to be compiled or differentiated."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure
        """Take a step along the gradients that are there."""
        _step(self)
