"""Make a checkpoint of a released ONNX file, so that a site can go on training where the project stopped.

Only ONNX files are released. An export folds each batch normalisation into its convolution:
``y = gamma * (conv(x) - mean) / sqrt(var + eps) + beta`` becomes one convolution with a bias. To train on, the
normalisation is put back around the folded weights so that the network computes the same: mean and variance are
measured on training images, gamma is ``sqrt(var + eps)`` and beta is ``bias + mean``. In evaluation mode the result
equals the export; in training mode it starts from statistics that are right for the data at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.utils.hooks import RemovableHandle
from ultralytics.nn.modules.conv import Conv
from ultralytics.nn.tasks import DetectionModel

from models.training.detect import letterbox, read_image
from models.training.pool import LABELS

LEAST_VARIANCE = 1e-4  # a channel that is constant on the measured images keeps a finite gradient


def restore(onnx_file: Path, architecture: str, images: Iterable[Path]) -> DetectionModel:
    """Return a trainable network that computes what a released ONNX file computes.

    Args:
        onnx_file: an export with ultralytics' names of weights, e.g. ``model.0.conv.weight``.
        architecture: ultralytics' name of the architecture's file, e.g. ``yolov5n.yaml``.
        images: training images to measure the normalisations on; a hundred are plenty.

    Raises:
        ValueError: the file is of another architecture or number of labels; the weight is named.
    """
    weights = _weights_of(onnx_file)
    network = DetectionModel(architecture, nc=len(LABELS), verbose=False)
    network.names = dict(enumerate(LABELS))
    _widen_class_branch(network, weights)
    biases = _load_folded(network, weights)
    _measure_normalisations(network, biases, images)
    return network


def write_checkpoint(network: DetectionModel, target: Path) -> Path:
    """Write the network as a checkpoint that ultralytics' trainer takes for `model`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network, "train_args": {}, "epoch": -1, "ema": None}, target)
    return target


def _weights_of(onnx_file: Path) -> dict[str, torch.Tensor]:
    graph = onnx.load(onnx_file).graph
    return {
        each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
        for each in graph.initializer
    }


def _widen_class_branch(network: DetectionModel, weights: dict[str, torch.Tensor]) -> None:
    """Give the head's class branch the width that the file has: it is that of the labels of the very first training."""
    head = network.model[-1]
    for scale, branch in enumerate(head.cv3):
        name = f"model.{head.i}.cv3.{scale}.0.conv.weight"
        if name not in weights:
            continue
        inputs, width = weights[name].shape[1], weights[name].shape[0]
        head.cv3[scale] = nn.Sequential(
            Conv(inputs, width, 3), Conv(width, width, 3), nn.Conv2d(width, head.nc, 1)
        )
        for fresh, old in zip(head.cv3[scale].modules(), branch.modules(), strict=True):
            if isinstance(fresh, nn.BatchNorm2d):
                fresh.eps, fresh.momentum = old.eps, old.momentum


def _load_folded(
    network: DetectionModel, weights: dict[str, torch.Tensor]
) -> dict[Conv, torch.Tensor]:
    """Load every weight; return the folded bias of each convolution that has a normalisation."""
    biases: dict[Conv, torch.Tensor] = {}
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, Conv):
                _copy(weights, f"{name}.conv.weight", module.conv.weight)
                biases[module] = _taken(weights, f"{name}.conv.bias", module.bn.bias.shape)
            elif isinstance(module, nn.Conv2d) and module.bias is not None:
                _copy(weights, f"{name}.weight", module.weight)
                _copy(weights, f"{name}.bias", module.bias)
    return biases


def _taken(weights: dict[str, torch.Tensor], name: str, shape: torch.Size) -> torch.Tensor:
    found = weights.get(name)
    if found is None or found.shape != shape:
        held = "nothing" if found is None else f"shape {tuple(found.shape)}"
        msg = f"{name}: the file holds {held}, the architecture wants {tuple(shape)}"
        raise ValueError(msg)
    return found


def _copy(weights: dict[str, torch.Tensor], name: str, target: torch.Tensor) -> None:
    target.copy_(_taken(weights, name, target.shape))


def _measure_normalisations(
    network: DetectionModel, biases: dict[Conv, torch.Tensor], images: Iterable[Path]
) -> None:
    """Put a normalisation around each folded convolution that changes nothing but has the data's statistics."""
    sums: dict[Conv, list[torch.Tensor]] = {module: [] for module in biases}
    hooks = [_note_moments(module, sums[module]) for module in biases]
    with torch.no_grad():
        for module, bias in biases.items():
            _pass_through(module.bn, bias)
        network.eval()
        for file in images:
            network(torch.from_numpy(letterbox(read_image(file))[0]))
        for hook in hooks:
            hook.remove()
        for module, moments in sums.items():
            if not moments:
                msg = "no image was given to measure the normalisations on"
                raise ValueError(msg)
            mean, square = torch.stack(moments).mean(dim=0)
            _normalise_by(module.bn, biases[module], mean, square - mean**2)
    network.train()


def _note_moments(module: Conv, moments: list[torch.Tensor]) -> RemovableHandle:
    """Let a convolution note the moments of all that it yields."""
    return module.conv.register_forward_hook(
        lambda _module, _inputs, output: moments.append(_moments(output))
    )


def _pass_through(norm: nn.BatchNorm2d, bias: torch.Tensor) -> None:
    """Make a normalisation add the folded bias and nothing else."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.fill_(1)
    norm.bias.copy_(bias)


def _normalise_by(
    norm: nn.BatchNorm2d, bias: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor
) -> None:
    """Give a normalisation measured statistics, and the scale and shift that undo them."""
    known = variance.clamp(min=LEAST_VARIANCE).float()
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(known)
    norm.weight.copy_((known + norm.eps).sqrt())
    norm.bias.copy_(bias + mean.float())


def _moments(output: torch.Tensor) -> torch.Tensor:
    """Return mean and mean square of each channel: `[2, channels]`."""
    wide = output.double()
    return torch.stack([wide.mean(dim=(0, 2, 3)), (wide**2).mean(dim=(0, 2, 3))])


def pick_images(files: list[Path], count: int, seed: int) -> list[Path]:
    """Return `count` of the files, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(files), size=min(count, len(files)), replace=False)
    return [files[i] for i in sorted(chosen)]
