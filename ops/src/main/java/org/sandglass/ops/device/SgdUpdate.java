package org.sandglass.ops.device;

/**
 * One step of momentum SGD over a range of the weights vector, in one pass:
 *
 * <pre>
 *   g ← gradient + weightDecay · w          (decay once, after the all-reduce)
 *   velocity-scaled:  v ← momentum · correction · v + learningRate · g;   step = nesterov ? momentum · v + learningRate · g : v
 *   gradient-sum:     v ← momentum · v + g;   step = learningRate · (nesterov ? momentum · v + g : v)
 *   w ← w − step
 * </pre>
 *
 * <p>The two forms of Goyal et al., section 3; {@code correction} is η_new / η_old, or 1 without momentum correction.
 */
public record SgdUpdate(
        Form form, double learningRate, double momentum, double correction, double weightDecay, boolean nesterov) {

    /** What the momentum vector accumulates. */
    public enum Form {
        VELOCITY_SCALED,
        GRADIENT_SUM
    }
}
