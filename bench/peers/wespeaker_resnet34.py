"""wespeaker_resnet34.py - WeSpeaker's ResNet34 as pyannote.audio runs it, in PyTorch, with random weights.
SPDX-License-Identifier: MIT

The published weights are not needed to compare implementations: any weights do that keep activations
in the range of a trained network's. Written after the description in docs/model.md.
"""

import json
import struct

import torch
from torch import nn
from torch.nn import functional

MELS, DIM, EPSILON = 80, 256, 1e-8
BLOCKS = (3, 4, 6, 3)


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(y + self.shortcut(x))


def statistics(x, weights):
    """Mean and deviation of x [N][features][frames] under weights [N][frames], as StatsPool has them."""
    weights = weights.unsqueeze(1)
    v1 = weights.sum(dim=2) + EPSILON
    mean = (x * weights).sum(dim=2) / v1
    v2 = weights.square().sum(dim=2)
    squares = (x - mean.unsqueeze(2)).square()
    var = (squares * weights).sum(dim=2) / (v1 - v2 / v1 + EPSILON)
    return torch.cat([mean, var.sqrt()], dim=1)


class ResNet34(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(1, 32, 3), nn.BatchNorm2d(32)
        inputs = 32
        for i, count in enumerate(BLOCKS):
            outputs = 32 << i
            blocks = [BasicBlock(inputs, outputs, 2 if i else 1)]
            blocks += [BasicBlock(outputs, outputs, 1) for _ in range(count - 1)]
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.seg_1 = nn.Linear(2 * outputs * MELS // 8, DIM)

    def maps(self, features):
        """features [N][frames][80] -> [N][channels and mels][frames / 8]"""
        x = functional.relu(self.bn1(self.conv1(features.transpose(1, 2).unsqueeze(1))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.flatten(1, 2)

    def embed(self, maps, masks):
        """masks [N][speakers][any number of frames] -> [N][speakers][256]"""
        weights = functional.interpolate(masks, size=maps.shape[-1], mode="nearest")
        return torch.stack([self.seg_1(statistics(maps, weights[:, s])) for s in range(masks.shape[1])], 1)

    def forward(self, features):
        """All frames of one speaker."""
        maps = self.maps(features)
        pooled = torch.cat([maps.mean(dim=-1), maps.std(dim=-1, correction=1)], dim=1)
        return self.seg_1(pooled)


def random_network(seed=1):
    """Batch norms have the statistics of what passes through them, and weights of their own."""
    torch.manual_seed(seed)
    network = ResNet34()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.momentum = 1.0
    network.train()
    network.maps(3 * torch.randn(4, 300, MELS))
    return network.eval()


def write_model(network, path):
    """As the model files of diarist are, with this network alone."""
    header, parts, size = {}, [], 0
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        data = tensor.contiguous().numpy().astype("<f4").tobytes()
        header[f"embedding.resnet.{name}"] = {
            "dtype": "F32", "shape": list(tensor.shape), "data_offsets": [size, size + len(data)]}
        parts.append(data)
        size += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
