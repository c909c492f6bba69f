package org.sandglass.job.data.prepare;

import org.sandglass.ops.random.CounterRandom;

/** Smooth noise over the unit square: random values in [-1, 1] on a grid, blended between its points. */
final class NoiseGrid {

    private final int cells;
    private final float[] values;

    NoiseGrid(int cells, CounterRandom random) {
        this.cells = cells;
        this.values = new float[(cells + 1) * (cells + 1)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
    }

    /** The noise at (u, v), both in [0, 1). */
    float at(double u, double v) {
        double x = u * cells;
        double y = v * cells;
        int column = (int) x;
        int row = (int) y;
        float right = smooth((float) (x - column));
        float down = smooth((float) (y - row));
        int i = row * (cells + 1) + column;
        float upper = values[i] + right * (values[i + 1] - values[i]);
        float lower = values[i + cells + 1] + right * (values[i + cells + 2] - values[i + cells + 1]);
        return upper + down * (lower - upper);
    }

    private static float smooth(float t) {
        return t * t * (3 - 2 * t);
    }
}
