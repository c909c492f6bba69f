// Lets g++ compile kernels.cu: the threads of a block are fibers that change at barriers, in an order that a seed decides.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define SANDGLASS_HOST 1
#define __global__
#define __device__
#define __shared__ static

struct sandglass_index {
    unsigned int x, y, z;
};

struct sandglass_thread {
    sandglass_index threadIdx, blockIdx, blockDim, gridDim;
};

extern sandglass_thread sandglass_now;

// A grid is at most 2^31 - 1 wide and its sizes are unsigned in CUDA too; kernels.cu mixes them with int on purpose.
#define threadIdx (sandglass_now.threadIdx)
#define blockIdx (sandglass_now.blockIdx)
#define blockDim (sandglass_now.blockDim)
#define gridDim (sandglass_now.gridDim)

void sandglass_barrier();
#define __syncthreads() sandglass_barrier()

static inline float __uint_as_float(unsigned int bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

static inline unsigned int __float_as_uint(float value) {
    unsigned int bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

float sandglass_half_to_float(unsigned short bits);
unsigned short sandglass_float_to_half(float value);
