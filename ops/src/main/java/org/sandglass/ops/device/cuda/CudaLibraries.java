package org.sandglass.ops.device.cuda;

import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/** Whether NVIDIA's libraries are here: tried once, and what came of it remembered. Thread-safe. */
final class CudaLibraries {
    private static final String NEEDS =
            "a GPU needs NVIDIA's driver 580 or later, and on the loader's path libraries of CUDA 13 (runtime, cuBLAS, NVRTC)"
                    + " and cuDNN 9";

    private CudaLibraries() {}

    private static final class Tried {
        static final Optional<String> REFUSAL = load();
    }

    /** Why they cannot be used, and what to do; empty if they can. */
    static Optional<String> refusal() {
        return Tried.REFUSAL;
    }

    private static Optional<String> load() {
        try {
            for (Class<?> library : List.of(cudart.class, cublas.class, cudnn.class, nvrtc.class)) {
                Loader.load(library);
            }
        } catch (LinkageError e) {
            return Optional.of(missing(e) + "; " + NEEDS);
        }
        // The driver's own functions want it; where there is no driver, the next call says so.
        cudart.cuInit(0);
        int[] count = new int[1];
        int code = cudart.cudaGetDeviceCount(count);
        if (code != 0) {
            return Optional.of(
                    "cudaGetDeviceCount: " + cudart.cudaGetErrorName(code).getString() + ": "
                            + cudart.cudaGetErrorString(code).getString() + "; " + NEEDS);
        }
        return count[0] > 0 ? Optional.empty() : Optional.of("no NVIDIA GPU is visible");
    }

    /** The dynamic linker's own words, which name the library. */
    static String missing(Throwable error) {
        String best = String.valueOf(error.getMessage());
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (message.contains("cannot open shared object")) {
                best = message.substring(message.lastIndexOf('/') + 1).replaceFirst("^[^:]*: (?=lib)", "");
            }
        }
        return best;
    }
}
