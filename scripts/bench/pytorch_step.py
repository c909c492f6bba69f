"""PyTorch's side of resnet-vs-pytorch: times whole training steps for every line on standard input."""

import argparse
import contextlib
import io
import json
import os
import pathlib
import sys
import time

import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import transforms

from cifar_resnet import CifarResNet

NORMS = {"resnet50": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
         "cifar-resnet20": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))}


class Pictures(torch.utils.data.Dataset):
    """As torchvision's ImageFolder and CIFAR10 do: large images stay encoded, small ones are kept as pixels."""

    def __init__(self, directory, cifar, transform):
        self.encoded = [file.read_bytes() for file in sorted(pathlib.Path(directory).rglob("*")) if file.is_file()]
        self.pixels = [self.decoded(i) for i in range(len(self.encoded))] if cifar else None
        self.transform = transform

    def __len__(self):
        return len(self.encoded)

    def decoded(self, index):
        with Image.open(io.BytesIO(self.encoded[index])) as image:
            return image.convert("RGB")

    def __getitem__(self, index):
        image = self.pixels[index] if self.pixels else self.decoded(index)
        return self.transform(image), index % 10


def batches(arguments, cifar):
    """Endless pairs of images and labels."""
    side = 32 if cifar else 224
    if not arguments.images:
        images = torch.randn(arguments.batch, 3, side, side).to(memory_format=memory_format(arguments))
        labels = torch.arange(arguments.batch) % 10
        while True:
            yield images, labels
    crop = transforms.RandomCrop(32, 4) if cifar else transforms.RandomResizedCrop(224)
    transform = transforms.Compose([crop, transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                                    transforms.Normalize(*NORMS[arguments.model])])
    loader = torch.utils.data.DataLoader(
        Pictures(arguments.images, cifar, transform), arguments.batch, shuffle=True, drop_last=True,
        num_workers=arguments.threads, persistent_workers=True, prefetch_factor=2)
    while True:
        for images, labels in loader:
            yield images.to(memory_format=memory_format(arguments)), labels


def memory_format(arguments):
    return torch.channels_last if "channels_last" in arguments.setting else torch.contiguous_format


def optimizer_of(model):
    norms = {id(p) for m in model.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
    groups = [{"params": [p for p in model.parameters() if id(p) not in norms], "weight_decay": 1e-4},
              {"params": [p for p in model.parameters() if id(p) in norms], "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=1e-4, momentum=0.9, nesterov=True, fused=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=NORMS, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=["f32", "bf16"], required=True)
    parser.add_argument("--setting", required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--images")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    # What is printed by libraries must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    cifar = arguments.model.startswith("cifar")
    model = CifarResNet(20, 10) if cifar else torchvision.models.resnet50()
    model = model.to(memory_format=memory_format(arguments)).train()
    optimizer = optimizer_of(model)
    criterion = nn.CrossEntropyLoss()
    forward = torch.compile(model) if "compile" in arguments.setting else model
    autocast = torch.autocast("cpu", torch.bfloat16) if arguments.precision == "bf16" else contextlib.nullcontext()
    source = batches(arguments, cifar)

    def step():
        started = time.perf_counter()
        images, labels = next(source)
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            loss = criterion(forward(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        return time.perf_counter() - started

    for _ in range(arguments.warmup):
        step()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": [step() for _ in range(arguments.steps)]}), file=answers, flush=True)


if __name__ == "__main__":
    main()
