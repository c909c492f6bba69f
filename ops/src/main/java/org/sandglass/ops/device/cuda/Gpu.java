package org.sandglass.ops.device.cuda;

import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;

/** One opened GPU: its streams, library handles, kernels and shared memory. Belongs to one thread at a time. */
final class Gpu implements AutoCloseable {
    private final int ordinal;
    private final CudaOptions options;
    private final String name;
    private final int capability;
    private final int multiprocessors;
    private final Checks checks;
    private final Owned owned = new Owned();
    private final Streams streams;
    private final Copies copies;
    private final Inputs inputs;
    private final Arena arena;
    private final Kernels kernels;
    private final cudnnContext cudnnHandle = new cudnnContext();
    private final cublasContext cublasHandle = new cublasContext();
    private final ConvolutionAlgorithms algorithms;

    Gpu(int ordinal, CudaOptions options, Predicate<Wait> kept) {
        this.ordinal = ordinal;
        this.options = options;
        Checks early = new Checks("CUDA device " + ordinal);
        CurrentDevice.set(early, ordinal);
        name = name(early, ordinal);
        checks = new Checks("CUDA device " + ordinal + " (" + name + ")");
        capability = capability(checks, ordinal);
        CudaLibraries.tooOld(capability).ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot open " + checks.device() + ": " + reason);
        });
        multiprocessors = attribute(checks, cudart.cudaDevAttrMultiProcessorCount, ordinal);
        try {
            streams = new Streams(checks, ordinal, kept);
            owned.add(streams, streams::close);
            checks.cudnn("cudnnCreate", cudnn.cudnnCreate(cudnnHandle));
            owned.add(cudnnHandle, () -> checks.cudnn("cudnnDestroy", cudnn.cudnnDestroy(cudnnHandle)));
            checks.cudnn("cudnnSetStream", cudnn.cudnnSetStream(cudnnHandle, streams.compute()));
            checks.cublas("cublasCreate", cublas.cublasCreate_v2(cublasHandle));
            owned.add(cublasHandle, () -> checks.cublas("cublasDestroy", cublas.cublasDestroy_v2(cublasHandle)));
            checks.cublas("cublasSetStream", cublas.cublasSetStream_v2(cublasHandle, streams.compute()));
            int math = options.tf32() ? cublas.CUBLAS_TF32_TENSOR_OP_MATH : cublas.CUBLAS_DEFAULT_MATH;
            checks.cublas("cublasSetMathMode", cublas.cublasSetMathMode(cublasHandle, math));
            kernels = new Kernels(checks, "sm_" + capability);
            owned.add(kernels, kernels::close);
            copies = new Copies(checks, streams);
            owned.add(copies, copies::close);
            inputs = new Inputs(checks, streams, copies);
            owned.add(inputs, inputs::close);
            arena = new Arena(checks, streams, copies);
            owned.add(arena, arena::close);
            algorithms = new ConvolutionAlgorithms(checks, cudnnHandle, options);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static String name(Checks checks, int ordinal) {
        int[] device = new int[1];
        checks.driver("cuDeviceGet", cudart.cuDeviceGet(device, ordinal));
        byte[] text = new byte[128];
        checks.driver("cuDeviceGetName", cudart.cuDeviceGetName(text, text.length, device[0]));
        return new String(text, StandardCharsets.UTF_8).trim().replace("\0", "");
    }

    /** Compute capability of a device: 90 is 9.0. */
    static int capability(Checks checks, int ordinal) {
        return 10 * attribute(checks, cudart.cudaDevAttrComputeCapabilityMajor, ordinal)
                + attribute(checks, cudart.cudaDevAttrComputeCapabilityMinor, ordinal);
    }

    private static int attribute(Checks checks, int which, int ordinal) {
        int[] value = new int[1];
        checks.runtime("cudaDeviceGetAttribute", cudart.cudaDeviceGetAttribute(value, which, ordinal));
        return value[0];
    }

    /** Makes the device that of the calling thread. */
    void enter() {
        CurrentDevice.set(checks, ordinal);
    }

    CudaOptions options() {
        return options;
    }

    String name() {
        return name;
    }

    /** As {@link #capability(Checks, int)}. */
    int capability() {
        return capability;
    }

    int multiprocessors() {
        return multiprocessors;
    }

    Checks checks() {
        return checks;
    }

    Streams streams() {
        return streams;
    }

    Copies copies() {
        return copies;
    }

    Inputs inputs() {
        return inputs;
    }

    Arena arena() {
        return arena;
    }

    Kernels kernels() {
        return kernels;
    }

    cudnnContext cudnnHandle() {
        return cudnnHandle;
    }

    cublasContext cublasHandle() {
        return cublasHandle;
    }

    ConvolutionAlgorithms algorithms() {
        return algorithms;
    }

    @Override
    public void close() {
        enter();
        owned.close();
    }
}
