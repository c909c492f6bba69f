"""The peers of input-vs-peers: seconds of processor time for all images, for every line on standard input."""

import io
import json
import os
import pathlib
import sys
import time

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pillow(files, training):
    import PIL
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(1)
    chosen = ([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()] if training
              else [transforms.Resize(256), transforms.CenterCrop(224)])
    transform = transforms.Compose([*chosen, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])

    def round():
        for encoded in files:
            transform(Image.open(io.BytesIO(encoded)).convert("RGB"))

    return f"torchvision {torchvision.__version__} on Pillow {PIL.__version__}", round


def tensors(files, training):
    import torch
    import torchvision
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    chosen = ([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip()] if training
              else [v2.Resize(256, antialias=True), v2.CenterCrop(224)])
    transform = v2.Compose([*chosen, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    buffers = [torch.frombuffer(bytearray(encoded), dtype=torch.uint8) for encoded in files]

    def round():
        for encoded in buffers:
            transform(decode_image(encoded, ImageReadMode.RGB))

    return f"torchvision {torchvision.__version__} decode_image and v2", round


def dali(files, training):
    import numpy
    import nvidia.dali
    from nvidia.dali import fn, pipeline_def, types

    batch = 50
    arrays = [numpy.frombuffer(encoded, dtype=numpy.uint8) for encoded in files]
    batches = (len(arrays) + batch - 1) // batch
    statistics = {"mean": [255 * m for m in MEAN], "std": [255 * s for s in STD]}

    @pipeline_def(batch_size=batch, num_threads=1, device_id=None)
    def pipeline():
        encoded = fn.external_source(
            source=lambda i: [arrays[(i % batches * batch + k) % len(arrays)] for k in range(batch)], batch=True)
        if training:
            images = fn.decoders.image_random_crop(
                encoded, device="cpu", output_type=types.RGB, random_aspect_ratio=[3 / 4, 4 / 3], random_area=[0.08, 1.0])
            images = fn.resize(images, resize_x=224, resize_y=224, interp_type=types.INTERP_TRIANGULAR)
            return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="CHW",
                                            mirror=fn.random.coin_flip(probability=0.5), **statistics)
        images = fn.decoders.image(encoded, device="cpu", output_type=types.RGB)
        images = fn.resize(images, resize_shorter=256, interp_type=types.INTERP_TRIANGULAR)
        return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="CHW", crop=(224, 224), **statistics)

    built = pipeline()
    built.build()

    def round():
        for _ in range(batches):
            built.run()

    return f"DALI {nvidia.dali.__version__} CPU", round


def main():
    peer, training, directory = sys.argv[1], sys.argv[2] == "training", pathlib.Path(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    files = [file.read_bytes() for file in sorted(directory.rglob("*")) if file.is_file()]
    name, round = {"pillow": pillow, "tensors": tensors, "dali": dali}[peer](files, training)
    for _ in range(2):
        round()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        round()
        seconds = time.process_time() - started
        print(json.dumps({"peer": name, "images": len(files), "seconds": seconds}), file=answers, flush=True)


if __name__ == "__main__":
    main()
