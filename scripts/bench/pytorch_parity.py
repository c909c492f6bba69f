"""PyTorch's half of pytorch-parity.

`calibrate` moves the initial weights a little, see there. `compare` repeats the steps that ParityRun took, and compares:
truth is PyTorch in float64, and the deviation of PyTorch's own float32 stands beside ours.
"""

import argparse
import json
import sys
import time

import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import nn

from cifar_resnet import CifarResNet

TOLERANCE = 1e-3


def build(arguments, initial, dtype):
    if arguments.model.startswith("cifar-resnet"):
        model = CifarResNet(int(arguments.model.removeprefix("cifar-resnet")), arguments.classes)
    else:
        model = torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
    missing, unexpected = model.load_state_dict(initial, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"Cannot load our weights into {arguments.model}: missing {missing}, unexpected {unexpected}")
    return model.to(dtype)


def calibrate(arguments):
    """Moves batch norm's shifts a little, so that no value of the first batch is near ReLU's kink.

    Where a value is within rounding of zero, chance decides whether a whole element of the gradient is there or not, and
    no two float32 implementations agree, nor does PyTorch with itself in float64. So each channel's shift takes zero
    into the middle of the widest gap between the values that are near it.
    """
    initial = load_file(f"{arguments.directory}/initial.safetensors")
    images = load_file(f"{arguments.directory}/samples.safetensors")["images"].double()
    model = build(arguments, initial, torch.float64)
    norms = {}
    margins = []

    def calibrated(relu, inputs):
        (values,) = inputs
        norm = norms[relu].pop(0)
        channels = values.detach().transpose(0, 1).flatten(1)
        for channel, spread, row in zip(range(len(channels)), channels.std(1), channels):
            ends = torch.tensor([-0.05, 0.05]).double() * spread
            near = torch.cat([ends, row[row.abs() < ends[1]]]).sort().values
            gaps = near.diff()
            widest = gaps.argmax()
            shift = norm.bias[channel] - (near[widest] + near[widest + 1]) / 2
            values[:, channel] += shift.float().double() - norm.bias[channel]
            norm.bias[channel] = shift.float()
            margins.append((gaps[widest] / 2 / spread).item())
        return (values,)

    for module in model.modules():
        if hasattr(module, "relu"):
            norms[module.relu] = [norm for name, norm in module.named_children() if name.startswith("bn")]
            module.relu.register_forward_pre_hook(calibrated)
    with torch.no_grad():
        model(images[: arguments.batch])
    for name in initial:
        initial[name] = model.get_parameter(name).float() if name.endswith("bias") else initial[name]
    save_file(initial, f"{arguments.directory}/initial.safetensors", {"format": "pt"})
    print(f"calibrated {len(margins)} channels: no value is nearer to ReLU's kink than {min(margins):.0e} of its channel's"
          " standard deviation")


def sgd(model):
    norms = {id(p) for m in model.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
    groups = [
        {"params": [p for p in model.parameters() if id(p) not in norms], "weight_decay": 1e-4},
        {"params": [p for p in model.parameters() if id(p) in norms], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True)


def evaluate(model, images):
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train()
    return logits


def results(arguments, initial, samples, dtype, device="cpu"):
    """The tensors of ours.safetensors, by PyTorch in one precision."""
    images = samples["images"].to(device, dtype).split(arguments.batch)
    labels = samples["labels"].to(device).long().split(arguments.batch)
    criterion = nn.CrossEntropyLoss()
    found = {}

    model = build(arguments, initial, dtype).to(device)
    found["evaluation/before"] = evaluate(model, images[0])
    logits = model(images[0])
    loss = criterion(logits, labels[0])
    loss.backward()
    found["logits"] = logits.detach()
    found["loss"] = loss.detach().reshape(1)
    for name, parameter in model.named_parameters():
        found["gradient/" + name] = parameter.grad
    for name, buffer in model.named_buffers():
        if "running" in name:
            found["statistics/" + name] = buffer

    model = build(arguments, initial, dtype).to(device)
    optimizer = sgd(model)
    losses = []
    for iteration in range(arguments.iterations):
        for group in optimizer.param_groups:
            group["lr"] = arguments.learning_rate * (iteration + 1) / arguments.iterations
        optimizer.zero_grad()
        batch = iteration % len(images)
        loss = criterion(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    found["losses"] = torch.stack(losses)
    for name, parameter in model.named_parameters():
        found["weights/" + name] = parameter.detach()
    found["evaluation/after"] = evaluate(model, images[0])
    return {name: tensor.cpu().double() for name, tensor in found.items()}


def deviation(found, truth):
    """Relative error in norm; of a truth that is zero, the norm itself."""
    norm = truth.norm().item()
    return (found - truth).norm().item() / (norm if norm > 0 else 1.0)


# What must agree, and what is shown only: differences of rounding grow with the iterations, PyTorch's own too, and are
# in the weights, and in what normalises without regard to them, long before they are in the loss.
JUDGED = [
    ("logits, running statistics", "evaluation/before"),
    ("logits, batch statistics", "logits"),
    ("loss", "loss"),
    ("parameter gradients", "gradient/"),
    ("running statistics after a step", "statistics/"),
    ("losses of the iterations", "losses"),
]
SHOWN = [
    ("weights after them", "weights/"),
    ("logits after them, running statistics", "evaluation/after"),
]


def table(ours, single, truth):
    """Prints the table; returns the worst judged deviation of ours, PyTorch's float32 beside it, and what it is of."""
    print(f"{'largest relative error in norm':38} {'tensors':>7} {'ours':>9} {'pytorch f32':>11} {'ours to f32':>11}"
          "   worst of ours")
    overall = (0.0, 0.0, "")
    for title, key in JUDGED + SHOWN:
        names = [name for name in truth if name == key or (key.endswith("/") and name.startswith(key))]
        of_ours = {name: deviation(ours[name], truth[name]) for name in names}
        worst = max(names, key=of_ours.get)
        peer = max(deviation(single[name], truth[name]) for name in names)
        direct = max(deviation(ours[name], single[name]) for name in names)
        verdict = "  FAILED" if of_ours[worst] > TOLERANCE else ""
        if (title, key) in SHOWN:
            verdict = "  (not judged)"
        else:
            overall = max(overall, (of_ours[worst], peer, worst))
        print(f"{title:38} {len(names):7} {of_ours[worst]:9.1e} {peer:11.1e} {direct:11.1e}   {worst}{verdict}")
    return overall


def compare(arguments):
    initial = load_file(f"{arguments.directory}/initial.safetensors")
    samples = load_file(f"{arguments.directory}/samples.safetensors")
    ours = {name: tensor.double() for name, tensor in load_file(f"{arguments.directory}/ours.safetensors").items()}
    started = time.time()
    truth = results(arguments, initial, samples, torch.float64)
    torch.backends.cudnn.allow_tf32 = False
    single = results(arguments, initial, samples, torch.float32, arguments.peer_device)
    if set(ours) != set(truth):
        sys.exit(f"Cannot compare: only one side has {sorted(set(ours) ^ set(truth))}")

    print(f"{arguments.model}, {arguments.classes} classes, {arguments.batch} × {samples['images'].shape[-1]}², "
          f"{arguments.iterations} iterations, against PyTorch in float64 ({time.time() - started:.0f} s)")
    print("losses, ours   ", " ".join(f"{loss:.5f}" for loss in ours["losses"]))
    print("losses, float64", " ".join(f"{loss:.5f}" for loss in truth["losses"]))
    worst, peer, name = table(ours, single, truth)
    with open(f"{arguments.directory}/result.json", "w", encoding="utf-8") as file:
        json.dump({"model": arguments.model, "worst": worst, "worstTensor": name, "pytorchF32": peer,
                   "passed": worst <= TOLERANCE,
                   "peer": f"pytorch {torch.__version__} float32 on {arguments.peer_device}"}, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["calibrate", "compare"])
    parser.add_argument("directory")
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--peer-device", default="cpu", choices=["cpu", "cuda"], help="where PyTorch's float32 is computed")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.command == "calibrate":
        calibrate(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
