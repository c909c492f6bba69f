package org.sandglass.ops.device.cuda;

/**
 * A call of a CUDA library that failed. Work runs late, so the call that reports a failure need not be the one that caused it.
 * The device is only good for closing afterwards.
 */
public final class CudaFailure extends IllegalStateException {
    private static final long serialVersionUID = 1;

    CudaFailure(String message) {
        super(message);
    }
}
