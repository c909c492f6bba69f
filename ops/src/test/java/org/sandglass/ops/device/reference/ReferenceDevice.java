package org.sandglass.ops.device.reference;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.DeviceKind;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.tensor.DataType;

/**
 * The whole device contract as its documentation reads, slowly: every sum in double precision, every operation alone.
 *
 * <p>Only the flat vectors are fp32, so results are those of exact arithmetic rounded once. Work is done when the call
 * returns.
 */
public final class ReferenceDevice implements Device {

    private ReferenceDevice() {}

    public static ReferenceDevice open() {
        return new ReferenceDevice();
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.REFERENCE;
    }

    @Override
    public String description() {
        return "plain Java, double precision";
    }

    @Override
    public DeviceBuffer allocate(long elements) {
        return new ReferenceBuffer(Math.toIntExact(elements));
    }

    @Override
    public ReferenceExecutable compile(Graph graph, CompileOptions options, NetworkBuffers buffers) {
        if (options.precision() != DataType.F32) {
            throw new UnsupportedOperationException(
                    "Cannot compile in " + options.precision() + ": this is the oracle");
        }
        return new ReferenceExecutable(graph, options, buffers);
    }

    @Override
    public void update(SgdUpdate update, NetworkBuffers buffers, DeviceBuffer momentum, long offset, long length) {
        FloatBuffer weights = ReferenceBuffer.memory(buffers.weights());
        FloatBuffer gradients = ReferenceBuffer.memory(buffers.gradients());
        FloatBuffer velocities = ReferenceBuffer.memory(momentum);
        FlatLayout layout = buffers.layout();
        int firstGradient = (int) (FlatLayout.COUNTERS + layout.statisticsLength());
        for (int i = (int) offset; i < offset + length; i++) {
            double weight = weights.get(i);
            double gradient = gradients.get(firstGradient + i) + update.weightDecay() * weight;
            double velocity = velocities.get(i);
            double step;
            switch (update.form()) {
                case VELOCITY_SCALED -> {
                    double scaled = update.learningRate() * gradient;
                    velocity = update.momentum() * update.correction() * velocity + scaled;
                    step = update.nesterov() ? update.momentum() * velocity + scaled : velocity;
                }
                case GRADIENT_SUM -> {
                    velocity = update.momentum() * velocity + gradient;
                    double direction = update.nesterov() ? update.momentum() * velocity + gradient : velocity;
                    step = update.learningRate() * direction;
                }
                default -> throw new IllegalArgumentException("Cannot update: form=" + update.form());
            }
            velocities.put(i, (float) velocity);
            weights.put(i, (float) (weight - step));
        }
    }

    @Override
    public HostMirror mirror(DeviceBuffer buffer) {
        return HostMirror.of(ReferenceBuffer.memory(buffer));
    }

    @Override
    public Event record() {
        return Event.DONE;
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
}
