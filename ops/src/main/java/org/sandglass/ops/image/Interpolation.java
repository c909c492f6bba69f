package org.sandglass.ops.image;

/** The filter that resizes, widened by the reduction (antialiased), as in Pillow. */
public enum Interpolation {
    /** A triangle: weights fall linearly to 0 at a distance of one pixel. */
    BILINEAR(1) {
        @Override
        double weight(double distance) {
            return Math.max(0, 1 - Math.abs(distance));
        }
    },
    /** The cubic convolution of Keys (1981) with a = −1/2, which Pillow takes. */
    BICUBIC(2) {
        @Override
        double weight(double distance) {
            double x = Math.abs(distance);
            if (x < 1) {
                return ((A + 2) * x - (A + 3)) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        }
    };

    private static final double A = -0.5;

    private final double support;

    Interpolation(double support) {
        this.support = support;
    }

    /** Pixels from the centre to where the weights end. */
    double support() {
        return support;
    }

    /** Whether there are negative weights. */
    boolean overshoots() {
        return this == BICUBIC;
    }

    abstract double weight(double distance);
}
