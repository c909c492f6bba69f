"""Compiles kernels.cu by NVIDIA's NVRTC, which needs no GPU, and tells what every kernel takes. See cuda-kernels."""

import argparse
import ctypes
import json
import pathlib
import re
import sys


def check(library, code, call, program=None):
    if code == 0:
        return
    log = ""
    if program is not None:
        log = ": " + program_log(library, program)
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    sys.exit(f"Cannot compile: {call}: {library.nvrtcGetErrorString(code).decode()}{log}")


def program_log(library, program):
    size = ctypes.c_size_t()
    check(library, library.nvrtcGetProgramLogSize(program, ctypes.byref(size)), "nvrtcGetProgramLogSize")
    text = ctypes.create_string_buffer(size.value)
    check(library, library.nvrtcGetProgramLog(program, text), "nvrtcGetProgramLog")
    return text.value.decode()


def compile_for(library, source, architecture):
    """Returns the size of the binary, and for each kernel its registers, spilled bytes and shared memory."""
    program = ctypes.c_void_p()
    check(
        library,
        library.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None),
        "nvrtcCreateProgram",
    )
    options = [f"--gpu-architecture={architecture}".encode(), b"--ptxas-options=-v"]
    array = (ctypes.c_char_p * len(options))(*options)
    code = library.nvrtcCompileProgram(program, len(options), array)
    check(library, code, f"nvrtcCompileProgram for {architecture}", program)
    size = ctypes.c_size_t()
    check(library, library.nvrtcGetCUBINSize(program, ctypes.byref(size)), "nvrtcGetCUBINSize")
    log = program_log(library, program)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return size.value, parse(log)


def parse(log):
    kernels = {}
    name = None
    for line in log.splitlines():
        if found := re.search(r"Compiling entry function '(\w+)'", line):
            name = found.group(1)
            kernels[name] = {"registers": None, "spilled": None, "shared": 0}
        elif name and (found := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line)):
            kernels[name]["spilled"] = int(found.group(1)) + int(found.group(2))
        elif name and (found := re.search(r"Used (\d+) registers", line)):
            kernels[name]["registers"] = int(found.group(1))
            if shared := re.search(r"(\d+) bytes smem", line):
                kernels[name]["shared"] = int(shared.group(1))
    return kernels


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("architectures", nargs="+")
    arguments = parser.parse_args()
    library = ctypes.CDLL(arguments.library)
    major, minor = ctypes.c_int(), ctypes.c_int()
    check(library, library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "nvrtcVersion")
    source = arguments.source.read_bytes()
    declared = set(re.findall(r"\b__global__ void (\w+)\(", source.decode()))
    report = {"name": "cuda-kernels", "nvrtc": f"{major.value}.{minor.value}", "architectures": {}}
    failed = False
    for architecture in arguments.architectures:
        size, kernels = compile_for(library, source, architecture)
        if not kernels or not declared <= set(kernels):
            sys.exit(f"Cannot tell: NVRTC's log for {architecture} does not name every kernel")
        for name in sorted(kernels):
            kernel = kernels[name]
            print(
                f"{architecture}  {name:32} {kernel['registers']:4} registers {kernel['spilled']:5} bytes spilled"
                f" {kernel['shared']:6} bytes shared"
            )
            failed |= kernel["spilled"] != 0
        report["architectures"][architecture] = {
            "kernels": len(kernels),
            "bytes": size,
            "mostRegisters": max(kernel["registers"] for kernel in kernels.values()),
            "spilledBytes": sum(kernel["spilled"] for kernel in kernels.values()),
        }
    print(json.dumps(report))
    sys.exit(1 if failed else 0)


main()
