import pytest
import torch
from torch import nn

from segsweep.errors import GridError
from segsweep.spec.settings import Network
from segsweep.training.networks import build_network


def network(settings: Network, *, axes: int = 2, channels: int = 1, outputs: int = 1, seed: int = 0) -> nn.Module:
    return build_network(settings, axes=axes, channels=channels, outputs=outputs, seed=seed)


def parameters(built: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in built.parameters()])


@pytest.mark.parametrize("preset", ["unet-s", "unet-m", "unet-l", "logistic"])
class TestPresets:
    @pytest.mark.parametrize("size", [(16, 24), (8, 16, 24)])
    def test_logits_have_the_size_of_the_image(self, preset: str, size: tuple[int, ...]) -> None:
        built = network(Network(preset=preset), axes=len(size), channels=3, outputs=2)
        assert built(torch.zeros(1, 3, *size)).shape == (1, 2, *size)

    def test_weights_are_a_function_of_the_seed(self, preset: str) -> None:
        one, same, other = (parameters(network(Network(preset=preset), seed=seed)) for seed in (1, 1, 2))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)

    def test_the_global_generator_is_left_alone_and_plays_no_part(self, preset: str) -> None:
        torch.manual_seed(1)
        before = torch.get_rng_state()
        one = parameters(network(Network(preset=preset)))
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        assert torch.equal(one, parameters(network(Network(preset=preset))))


def test_presets_grow() -> None:
    sizes = [len(parameters(network(Network(preset=preset)))) for preset in ("logistic", "unet-s", "unet-m", "unet-l")]
    assert sizes == sorted(sizes)
    assert sizes[0] == 2


@pytest.mark.parametrize("preset", ["unet-s", "unet-m", "unet-l"])
def test_sides_that_cannot_be_halved_often_enough(preset: str) -> None:
    settings = Network.model_validate(preset)
    settings.check_size((16, 24))
    with pytest.raises(ValueError, match=rf"^{preset} needs sides that are multiples of 8, got \[16, 20\]$"):
        settings.check_size((16, 20))


class TestMonai:
    UNET = Network(monai="UNet", args={"channels": [4, 8], "strides": [2]})

    @pytest.mark.parametrize("axes", [2, 3])
    def test_a_class_by_name_gets_its_channels(self, axes: int) -> None:
        size = (8,) * axes
        built = network(self.UNET, axes=axes, channels=2, outputs=3)
        assert built(torch.zeros(1, 2, *size)).shape == (1, 3, *size)

    def test_weights_are_a_function_of_the_seed(self) -> None:
        one, same, other = (parameters(network(self.UNET, seed=seed)) for seed in (1, 1, 2))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)

    @pytest.mark.parametrize("name", ["NoSuchNet", "unet", "get_conv_layer"])
    def test_a_name_that_monai_has_not(self, name: str) -> None:
        with pytest.raises(GridError) as caught:
            network(Network(monai=name))
        assert str(caught.value) == f"network.monai: monai.networks.nets has no network {name!r}"

    def test_arguments_that_the_class_refuses(self) -> None:
        with pytest.raises(GridError, match=r"^network.monai: UNet: .*'depth'"):
            network(Network(monai="UNet", args={"channels": [4, 8], "strides": [2], "depth": 3}))
