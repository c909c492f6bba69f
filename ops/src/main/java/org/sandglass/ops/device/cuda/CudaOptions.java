package org.sandglass.ops.device.cuda;

/**
 * How a GPU computes.
 *
 * @param tf32 whether fp32 convolutions and products may round their factors to TensorFloat-32, 10 bits of fraction
 * @param graphs whether steps are captured as CUDA graphs, so that queueing them takes the host less time
 * @param workspaceBytes the most that a convolution may ask for as scratch memory
 */
public record CudaOptions(boolean tf32, boolean graphs, long workspaceBytes) {

    /** Full fp32, no graphs, and 256 MiB of workspace. */
    public static final CudaOptions DEFAULT = new CudaOptions(false, false, 256L << 20);

    public CudaOptions {
        if (workspaceBytes < 0) {
            throw new IllegalArgumentException("Cannot use a GPU: workspaceBytes=" + workspaceBytes);
        }
    }

    public CudaOptions withTf32(boolean changed) {
        return new CudaOptions(changed, graphs, workspaceBytes);
    }

    public CudaOptions withGraphs(boolean changed) {
        return new CudaOptions(tf32, changed, workspaceBytes);
    }
}
