package org.sandglass.ops.device;

import org.sandglass.ops.tensor.Shape;

/**
 * A trained tensor of a network.
 *
 * @param name torchvision's name for it, for example {@code layer1.0.conv1.weight}
 * @param shape (out, in, height, width) for a convolution, (out, in) for a linear layer, (channels) otherwise
 */
public record Parameter(String name, Shape shape, Role role) {

    /** What a parameter is to its layer, which decides its initial values and whether weight decay applies. */
    public enum Role {
        CONVOLUTION_WEIGHT(true),
        LINEAR_WEIGHT(true),
        LINEAR_BIAS(true),
        BATCH_NORM_SCALE(false),
        BATCH_NORM_SHIFT(false);

        private final boolean decayed;

        Role(boolean decayed) {
            this.decayed = decayed;
        }

        /** Whether weight decay applies: not to batch norm's γ and β (Goyal et al., section 5.1, footnote). */
        public boolean decayed() {
            return decayed;
        }
    }
}
