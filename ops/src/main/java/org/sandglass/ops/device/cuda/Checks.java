package org.sandglass.ops.device.cuda;

import java.util.Set;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** Turns return codes into failures that name the call, the layer and the device. Thread-safe but for {@link #at}. */
final class Checks {
    private static final int OUT_OF_MEMORY = 2;

    /** Errors after which CUDA wants the process to be ended, and those of hardware and system; the driver's codes are the same. */
    private static final Set<Integer> FATAL = Set.of(
            cudart.cudaErrorDevicesUnavailable,
            cudart.cudaErrorECCUncorrectable,
            cudart.cudaErrorNvlinkUncorrectable,
            cudart.cudaErrorOperatingSystem,
            cudart.cudaErrorIllegalAddress,
            cudart.cudaErrorLaunchTimeout,
            cudart.cudaErrorAssert,
            cudart.cudaErrorHardwareStackError,
            cudart.cudaErrorIllegalInstruction,
            cudart.cudaErrorMisalignedAddress,
            cudart.cudaErrorInvalidAddressSpace,
            cudart.cudaErrorInvalidPc,
            cudart.cudaErrorLaunchFailure,
            cudart.cudaErrorUnknown);

    /** cuDNN's errors by thousands: the library's own, and those of what it has queued. */
    private static final int CUDNN_CATEGORY = 1000;

    private final String device;
    private volatile String layer = "";

    Checks(String device) {
        this.device = device;
    }

    String device() {
        return device;
    }

    /** Says for which layer the calls from now on are made; empty if for none. */
    void at(String newLayer) {
        layer = newLayer;
    }

    void runtime(String call, int code) {
        if (code != 0) {
            String hint = code == OUT_OF_MEMORY ? "; a smaller training.perWorkerBatchSize needs less memory" : "";
            throw failure(
                    call,
                    cudart.cudaGetErrorName(code).getString() + ": "
                            + cudart.cudaGetErrorString(code).getString() + hint,
                    FATAL.contains(code));
        }
    }

    void driver(String call, int code) {
        if (code != 0) {
            throw failure(call, driverError(code), FATAL.contains(code));
        }
    }

    void cudnn(String call, int code) {
        if (code != 0) {
            boolean fatal = code == cudnn.CUDNN_STATUS_INTERNAL_ERROR
                    || code / CUDNN_CATEGORY == cudnn.CUDNN_STATUS_EXECUTION_FAILED / CUDNN_CATEGORY;
            throw failure(call, cudnn.cudnnGetErrorString(code).getString(), fatal);
        }
    }

    void cublas(String call, int code) {
        if (code != 0) {
            boolean fatal =
                    code == cublas.CUBLAS_STATUS_EXECUTION_FAILED || code == cublas.CUBLAS_STATUS_INTERNAL_ERROR;
            throw failure(call, cublas.cublasGetStatusName(code).getString(), fatal);
        }
    }

    void nvrtc(String call, int code, String log) {
        if (code != 0) {
            throw failure(call, nvrtc.nvrtcGetErrorString(code).getString() + (log.isBlank() ? "" : ": " + log));
        }
    }

    CudaFailure failure(String call, String reason) {
        return failure(call, reason, false);
    }

    private CudaFailure failure(String call, String reason, boolean endsProcess) {
        String where = layer.isEmpty() ? "" : " at " + layer;
        return new CudaFailure("Cannot run %s%s on %s: %s".formatted(call, where, device, reason), endsProcess);
    }

    private static String driverError(int code) {
        try (PointerPointer<BytePointer> name = new PointerPointer<>(1);
                PointerPointer<BytePointer> text = new PointerPointer<>(1)) {
            if (cudart.cuGetErrorName(code, name) != 0 || cudart.cuGetErrorString(code, text) != 0) {
                return "error " + code;
            }
            return name.get(BytePointer.class, 0).getString() + ": "
                    + text.get(BytePointer.class, 0).getString();
        }
    }
}
