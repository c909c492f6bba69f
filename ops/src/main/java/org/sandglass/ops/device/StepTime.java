package org.sandglass.ops.device;

/**
 * How long one step of an executable takes.
 *
 * @param layer what the step belongs to: torchvision's name of the layer, or what it does where it has none
 * @param phase whether the step belongs to forward or to backward
 * @param kind what the step computes, for example {@code convolution} or {@code batch norm}; the convolutions' three are
 *     {@code convolution}, {@code convolution data} and {@code convolution weights}
 * @param implementation the library's name for what computes it
 * @param seconds median over the repetitions
 * @param flops floating point operations of a convolution, two for a multiplication and an addition; 0 for other kinds
 */
public record StepTime(String layer, Phase phase, String kind, String implementation, double seconds, double flops) {

    /** When a step runs. */
    public enum Phase {
        FORWARD,
        BACKWARD
    }
}
