package org.sandglass.ops.device;

/**
 * The flat vectors that the executables of one network share, laid out by a {@link FlatLayout}.
 *
 * @param weights fp32 master weights, read by forward and backward
 * @param gradients gradient vector, which training <em>adds</em> to
 * @param statistics running statistics, read in evaluation
 */
public record NetworkBuffers(FlatLayout layout, DeviceBuffer weights, DeviceBuffer gradients, DeviceBuffer statistics)
        implements AutoCloseable {

    public static NetworkBuffers allocate(Device device, FlatLayout layout) {
        return new NetworkBuffers(
                layout,
                device.allocate(layout.weightsLength()),
                device.allocate(layout.gradientLength()),
                device.allocate(layout.statisticsLength()));
    }

    @Override
    public void close() {
        weights.close();
        gradients.close();
        statistics.close();
    }
}
