package org.sandglass.ops.optim;

import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;

/**
 * Momentum SGD on the sum of all workers' gradients: Goyal et al., sections 3 and 5.1.
 *
 * <p>Weight decay is added here, once, after the all-reduce, and not to batch norm's γ and β. Momentum correction
 * concerns the velocity-scaled form only; the gradient-sum form needs none.
 *
 * @param form what the momentum vector accumulates
 * @param weightDecay λ
 * @param momentumCorrection whether the velocity follows a change of the learning rate
 */
public record Sgd(
        SgdUpdate.Form form, double momentum, boolean nesterov, double weightDecay, boolean momentumCorrection) {

    /** @throws IllegalArgumentException if momentum is not in [0, 1) or weight decay is negative */
    public Sgd {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("Cannot make SGD: momentum must be in [0, 1): " + momentum);
        }
        if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
            throw new IllegalArgumentException("Cannot make SGD: weightDecay must not be negative: " + weightDecay);
        }
    }

    /**
     * Queues the update of all weights.
     *
     * @param momentumBuffer as long as the weights, zero before the first step
     * @param previousLearningRate the rate of the step before; of the first step: its own
     */
    public void step(
            Device device,
            NetworkBuffers buffers,
            DeviceBuffer momentumBuffer,
            double learningRate,
            double previousLearningRate) {
        long weights = buffers.layout().weightsLength();
        step(device, buffers, momentumBuffer, learningRate, previousLearningRate, 0, weights);
    }

    /**
     * Queues the update of the weights from offset {@code from} up to {@code to}; ranges that make up the vector give the
     * same bits as the whole.
     *
     * @param momentumBuffer as long as the weights, zero before the first step
     * @param previousLearningRate the rate of the step before; of the first step: its own
     */
    public void step(
            Device device,
            NetworkBuffers buffers,
            DeviceBuffer momentumBuffer,
            double learningRate,
            double previousLearningRate,
            long from,
            long to) {
        if (!(learningRate > 0) || !(previousLearningRate > 0)) {
            throw new IllegalArgumentException("Cannot step: learning rates must be positive: learningRate="
                    + learningRate + " previousLearningRate=" + previousLearningRate);
        }
        boolean corrected = momentumCorrection && form == SgdUpdate.Form.VELOCITY_SCALED;
        double correction = corrected ? learningRate / previousLearningRate : 1;
        for (DecayGroup whole : DecayGroup.of(buffers.layout())) {
            DecayGroup group = whole.within(from, to);
            double decay = group.decayed() ? weightDecay : 0;
            if (group.length() > 0) {
                device.update(
                        new SgdUpdate(form, learningRate, momentum, correction, decay, nesterov),
                        buffers,
                        momentumBuffer,
                        group.offset(),
                        group.length());
            }
        }
    }
}
