"""Asks NVIDIA's own libraries what needs no GPU. See cuda-libraries."""

import argparse
import ctypes
import json
import pathlib
import re
import sys

CALL = re.compile(r"\b(cudart|cublas|cudnn|nvrtc|nccl)\.((?:cuda|cu|cublas|cudnn|nvrtc|nccl)[A-Z]\w*)\(")
DRIVER = re.compile(r"cu[A-Z]")

# As in cudnn.h.
FLOAT, HALF, BFLOAT16 = 0, 2, 9
NHWC = 1
CROSS_CORRELATION = 1
DEFAULT_MATH, TENSOR_OP_MATH, FMA_MATH = 0, 1, 3
TYPES = {"f32": (FLOAT, 4, (DEFAULT_MATH, FMA_MATH)), "f16": (HALF, 2, (TENSOR_OP_MATH,)), "bf16": (BFLOAT16, 2, (TENSOR_OP_MATH,))}

# Convolutions of ResNet-50: batch, inputs, height and width, outputs, window, stride, padding.
SHAPES = [
    (32, 3, 224, 64, 7, 2, 3),
    (32, 64, 56, 64, 1, 1, 0),
    (32, 64, 56, 64, 3, 1, 1),
    (32, 128, 56, 128, 3, 2, 1),
    (32, 1024, 14, 2048, 1, 2, 0),
]


def load(folder, pattern):
    found = sorted(folder.rglob(pattern))
    if not found:
        sys.exit(f"Cannot check: no {pattern} under {folder}")
    return ctypes.CDLL(str(found[0]), mode=ctypes.RTLD_GLOBAL)


def calls(sources):
    found = set()
    for source in sources.glob("*.java"):
        found |= set(CALL.findall(source.read_text()))
    return sorted(found)


def expect(code, call):
    if code != 0:
        sys.exit(f"Cannot check: {call} returned {code}")


class Descriptor:
    """A cuDNN descriptor of a kind, made and destroyed."""

    def __init__(self, cudnn, kind):
        self.cudnn, self.kind, self.handle = cudnn, kind, ctypes.c_void_p()

    def __enter__(self):
        expect(getattr(self.cudnn, f"cudnnCreate{self.kind}Descriptor")(ctypes.byref(self.handle)), f"cudnnCreate{self.kind}Descriptor")
        return self.handle

    def __exit__(self, *_):
        expect(getattr(self.cudnn, f"cudnnDestroy{self.kind}Descriptor")(self.handle), f"cudnnDestroy{self.kind}Descriptor")


def check_descriptors(cudnn):
    """The descriptors that the CUDA device makes, and what cuDNN takes them for."""
    made = 0
    for code, width, maths in TYPES.values():
        for batch, inputs, size, outputs, window, stride, padding in SHAPES:
            with Descriptor(cudnn, "Tensor") as x, Descriptor(cudnn, "Filter") as w, Descriptor(cudnn, "Convolution") as c:
                expect(cudnn.cudnnSetTensor4dDescriptor(x, NHWC, code, batch, inputs, size, size), "cudnnSetTensor4dDescriptor")
                expect(cudnn.cudnnSetFilter4dDescriptor(w, code, NHWC, outputs, inputs, window, window), "cudnnSetFilter4dDescriptor")
                expect(
                    cudnn.cudnnSetConvolution2dDescriptor(
                        c, padding, padding, stride, stride, 1, 1, CROSS_CORRELATION, FLOAT
                    ),
                    "cudnnSetConvolution2dDescriptor",
                )
                for math in maths:
                    expect(cudnn.cudnnSetConvolutionMathType(c, math), "cudnnSetConvolutionMathType")
                sizes = [ctypes.c_int() for _ in range(4)]
                expect(
                    cudnn.cudnnGetConvolution2dForwardOutputDim(c, x, w, *(ctypes.byref(s) for s in sizes)),
                    "cudnnGetConvolution2dForwardOutputDim",
                )
                extent = (size + 2 * padding - window) // stride + 1
                if [s.value for s in sizes] != [batch, outputs, extent, extent]:
                    sys.exit(f"Cannot check: cuDNN makes {[s.value for s in sizes]} of a convolution to {outputs} x {extent} x {extent}")
                strides = [ctypes.c_int() for _ in range(9)]
                expect(cudnn.cudnnGetTensor4dDescriptor(x, *(ctypes.byref(s) for s in strides)), "cudnnGetTensor4dDescriptor")
                if [s.value for s in strides[5:]] != [inputs * size * size, 1, inputs * size, inputs]:
                    sys.exit(f"Cannot check: cuDNN lays NHWC out with strides {[s.value for s in strides[5:]]}")
                bytes_of = ctypes.c_size_t()
                expect(cudnn.cudnnGetTensorSizeInBytes(x, ctypes.byref(bytes_of)), "cudnnGetTensorSizeInBytes")
                if bytes_of.value != batch * inputs * size * size * width:
                    sys.exit(f"Cannot check: cuDNN says {bytes_of.value} bytes of a tensor")
                made += 1
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--libraries", type=pathlib.Path, required=True)
    parser.add_argument("--sources", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    folder = arguments.libraries
    nvrtc = load(folder, "libnvrtc.so.13")
    cudart = load(folder, "libcudart.so.13")
    load(folder, "libcublasLt.so.13")
    cublas = load(folder, "libcublas.so.13")
    cudnn = load(folder, "libcudnn.so.9")
    libraries = {"cudart": [cudart], "cublas": [cublas], "nvrtc": [nvrtc]}
    nccl = load(folder, "libnccl.so.2")
    libraries["nccl"] = [nccl]
    libraries["cudnn"] = [load(folder, f"libcudnn_{part}.so.9") for part in ("graph", "ops", "cnn")]

    reached, missing, of_driver = [], [], []
    for preset, name in calls(arguments.sources):
        if DRIVER.match(name) and preset == "cudart":
            of_driver.append(name)
        elif any(hasattr(library, name) for library in libraries[preset]):
            reached.append(name)
        else:
            missing.append(name)
    if missing:
        sys.exit("Cannot find in NVIDIA's libraries: " + ", ".join(missing))

    runtime = ctypes.c_int()
    expect(cudart.cudaRuntimeGetVersion(ctypes.byref(runtime)), "cudaRuntimeGetVersion")
    nccl_version = ctypes.c_int()
    expect(nccl.ncclGetVersion(ctypes.byref(nccl_version)), "ncclGetVersion")
    cudnn.cudnnGetVersion.restype = ctypes.c_size_t
    devices = ctypes.c_int()
    no_driver = cudart.cudaGetDeviceCount(ctypes.byref(devices))
    cudart.cudaGetErrorName.restype = ctypes.c_char_p
    report = {
        "name": "cuda-libraries",
        "runtime": runtime.value,
        "cudnn": cudnn.cudnnGetVersion(),
        "nccl": nccl_version.value,
        "resolved": len(reached),
        "ofTheDriver": of_driver,
        "descriptors": check_descriptors(cudnn),
        "withoutDriver": cudart.cudaGetErrorName(no_driver).decode(),
    }
    print(json.dumps(report))


main()
