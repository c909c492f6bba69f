package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/** Whether NVIDIA's libraries are here: tried once, and what came of it remembered. Thread-safe. */
final class CudaLibraries {
    private static final String NEEDS =
            "a GPU needs NVIDIA's driver 580 or later, and on the loader's path libraries of CUDA 13 (runtime, cuBLAS, NVRTC)"
                    + " and cuDNN 9; sums between GPUs need NCCL 2.18 or later";
    private static final String NEEDS_NCCL = "sums between GPUs need NCCL 2.18 or later on the loader's path";

    /** Turing: CUDA 13 compiles for no GPU that is older. */
    private static final int LEAST_CAPABILITY = 75;

    private static final int LEAST_CUDA = 13_000;
    private static final int CUDNN_MAJOR = 9;
    private static final int LEAST_NCCL = 21_800;

    private CudaLibraries() {}

    private static final class Tried {
        static final Optional<String> REFUSAL = refusalOf(CudaLibraries::problems, NEEDS);
    }

    private static final class NcclTried {
        static final Optional<String> REFUSAL = refusalOf(CudaLibraries::ncclProblems, NEEDS_NCCL);
    }

    /** What finds out what is wrong. */
    private interface Trial {
        List<String> problems();
    }

    /** Why they cannot be used, and what to do; empty if they can. */
    static Optional<String> refusal() {
        return Tried.REFUSAL;
    }

    /** Why NCCL alone cannot be used, and what to do; empty if it can. */
    static Optional<String> ncclRefusal() {
        return NcclTried.REFUSAL;
    }

    private static Optional<String> refusalOf(Trial trial, String needs) {
        List<String> problems = trial.problems();
        return problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems) + "; " + needs);
    }

    private static List<String> problems() {
        List<String> missing = missing(List.of(cudart.class, cublas.class, cudnn.class, nvrtc.class));
        if (!missing.isEmpty()) {
            return missing;
        }
        try {
            return faults(new Checks("this host's GPUs"));
        } catch (CudaFailure e) {
            return List.of(String.valueOf(e.getMessage()));
        }
    }

    private static List<String> faults(Checks checks) {
        int[] number = new int[1];
        // The driver's own functions want it.
        checks.driver("cuInit", cudart.cuInit(0));
        checks.runtime("cudaGetDeviceCount", cudart.cudaGetDeviceCount(number));
        int gpus = number[0];
        List<String> problems = new ArrayList<>();
        refuse(problems, "no NVIDIA GPU is visible", gpus == 0);
        checks.runtime("cudaDriverGetVersion", cudart.cudaDriverGetVersion(number));
        refuse(problems, "the driver is for CUDA " + cudaVersion(number[0]), number[0] < LEAST_CUDA);
        checks.runtime("cudaRuntimeGetVersion", cudart.cudaRuntimeGetVersion(number));
        refuse(problems, "the runtime is CUDA " + cudaVersion(number[0]), number[0] < LEAST_CUDA);
        long version = cudnn.cudnnGetVersion();
        refuse(
                problems,
                "cuDNN is " + version / 10_000 + "." + version % 10_000 / 100,
                version / 10_000 != CUDNN_MAJOR);
        long builtFor = cudnn.cudnnGetCudartVersion();
        refuse(problems, "cuDNN is built for CUDA " + cudaVersion(builtFor), builtFor / 1000 != LEAST_CUDA / 1000);
        List<String> old = IntStream.range(0, gpus)
                .mapToObj(ordinal -> tooOld(Gpu.capability(checks, ordinal)).stream()
                        .map(reason -> "GPU " + ordinal + ": " + reason))
                .flatMap(reasons -> reasons)
                .toList();
        if (old.size() == gpus) {
            problems.addAll(old);
        }
        return problems;
    }

    /** Why nothing can be compiled for a GPU of a compute capability, 90 being 9.0; empty if it can. */
    static Optional<String> tooOld(int capability) {
        return capability < LEAST_CAPABILITY
                ? Optional.of("its compute capability is " + capability / 10.0 + ", and CUDA 13 compiles for "
                        + LEAST_CAPABILITY / 10.0 + " (Turing) and later")
                : Optional.empty();
    }

    private static List<String> ncclProblems() {
        List<String> problems = new ArrayList<>(missing(List.of(nccl.class)));
        if (problems.isEmpty()) {
            int[] version = new int[1];
            int code = nccl.ncclGetVersion(version);
            refuse(
                    problems,
                    code == 0
                            ? "NCCL is " + version[0] / 10_000 + "." + version[0] % 10_000 / 100
                            : "ncclGetVersion failed",
                    code != 0 || version[0] < LEAST_NCCL);
        }
        return problems;
    }

    private static void refuse(List<String> problems, String what, boolean refused) {
        if (refused) {
            problems.add(what);
        }
    }

    private static String cudaVersion(long number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    /** The presets need each other, so that only the first library that is missing is told by the dynamic linker. */
    private static List<String> missing(List<Class<?>> libraries) {
        for (Class<?> library : libraries) {
            try {
                Loader.load(library);
            } catch (LinkageError e) {
                List<String> problems = new ArrayList<>(List.of(missing(e)));
                List<String> absent = SharedLibraries.absent(
                        Resources.text("libraries.txt").lines().toList());
                if (!absent.isEmpty()) {
                    problems.add("not found: " + String.join(" ", absent));
                }
                return problems;
            }
        }
        return List.of();
    }

    /** The dynamic linker's own words, which name the library. */
    private static String missing(Throwable error) {
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
