package org.sandglass.ops.device.cuda;

/**
 * A call of a CUDA library that failed. Work runs late, so the call that reports a failure need not be the one that caused it.
 * The device is only good for closing afterwards.
 */
public final class CudaFailure extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final boolean endsProcess;

    CudaFailure(String message, boolean endsProcess) {
        super(message);
        this.endsProcess = endsProcess;
    }

    /**
     * Whether the GPU, or its context in this process, has failed, so that every later call fails too and only another process
     * may do better; else the same call fails again, wherever it is made: memory that is not there, or a defect.
     */
    public boolean endsProcess() {
        return endsProcess;
    }
}
