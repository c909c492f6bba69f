package org.sandglass.job.data.prepare;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The ten things that generated images show; each is a field over the plane that is negative inside, about the
 * distance to its outline, and lies within the unit circle or little beyond.
 */
enum SceneShape {
    BARS {
        @Override
        double field(double x, double y) {
            double folded = Math.min(Math.abs(y), Math.abs(Math.abs(y) - 0.58));
            return Math.max(Math.max(folded - 0.16, Math.abs(x) - 0.68), Math.abs(y) - 0.74);
        }
    },
    CHECKER {
        @Override
        double field(double x, double y) {
            double column = wave(x, 0.72);
            double row = wave(y, 0.72);
            double cell = column * row > 0 ? -1 : 1;
            return Math.max(cell * Math.min(Math.abs(column), Math.abs(row)), box(x, y, 0.72, 0.72)) + 0.04;
        }
    },
    CRESCENT {
        @Override
        double field(double x, double y) {
            return Math.max(length(x, y) - 0.9, 0.72 - length(x - 0.42, y));
        }
    },
    CROSS {
        @Override
        double field(double x, double y) {
            return Math.min(box(x, y, 0.9, 0.27), box(x, y, 0.27, 0.9));
        }
    },
    DISC {
        @Override
        double field(double x, double y) {
            return length(x, y) - 0.82;
        }
    },
    DOTS {
        @Override
        double field(double x, double y) {
            double column = Math.abs(x) < 0.3 ? x : Math.abs(x) - 0.6;
            double row = Math.abs(y) < 0.3 ? y : Math.abs(y) - 0.6;
            return length(column, row) - 0.2;
        }
    },
    RING {
        @Override
        double field(double x, double y) {
            return Math.abs(length(x, y) - 0.68) - 0.19;
        }
    },
    STAR {
        @Override
        double field(double x, double y) {
            double nearest = Double.MAX_VALUE;
            double second = Double.MAX_VALUE;
            for (int i = 0; i < POINTS; i++) {
                double edge = 0.37 - (x * NORMAL_X[i] + y * NORMAL_Y[i]);
                second = Math.min(second, Math.max(nearest, edge));
                nearest = Math.min(nearest, edge);
            }
            return -second;
        }
    },
    TRIANGLE {
        @Override
        double field(double x, double y) {
            return Math.max(-y - 0.45, Math.abs(x) * 0.866 + y * 0.5 - 0.45);
        }
    },
    ZIGZAG {
        @Override
        double field(double x, double y) {
            return Math.max((Math.abs(y - 1.2 * wave(x, 0.9)) - 0.3) * 0.6, Math.abs(x) - 0.88);
        }
    };

    private static final int POINTS = 5;
    private static final double[] NORMAL_X = new double[POINTS];
    private static final double[] NORMAL_Y = new double[POINTS];

    static {
        for (int i = 0; i < POINTS; i++) {
            NORMAL_X[i] = StrictMath.cos(2 * Math.PI * i / POINTS);
            NORMAL_Y[i] = StrictMath.sin(2 * Math.PI * i / POINTS);
        }
    }

    abstract double field(double x, double y);

    static List<String> names() {
        return Arrays.stream(values())
                .map(shape -> shape.name().toLowerCase(Locale.ROOT))
                .toList();
    }

    private static double length(double x, double y) {
        return Math.sqrt(x * x + y * y);
    }

    private static double box(double x, double y, double halfWidth, double halfHeight) {
        return Math.max(Math.abs(x) - halfWidth, Math.abs(y) - halfHeight);
    }

    /** A triangle wave of slope 1 that is zero at 0, half the period and the whole of it. */
    private static double wave(double x, double period) {
        double phase = x / period - Math.floor(x / period);
        double rising = phase < 0.25 ? phase : phase < 0.75 ? 0.5 - phase : phase - 1;
        return rising * period;
    }
}
