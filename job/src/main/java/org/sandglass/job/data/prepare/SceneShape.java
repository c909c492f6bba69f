package org.sandglass.job.data.prepare;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The ten things that generated images show; each is a field over the plane that is negative inside, about the
 * distance to its outline, and lies within the unit circle.
 */
enum SceneShape {
    ARROW {
        @Override
        double field(double x, double y) {
            double head = Math.max(0.15 - x, (x - 0.15) * 0.70 + Math.abs(y) * 0.72 - 0.52);
            double shaft = box(x + 0.35, y, 0.55, 0.17);
            return Math.min(head, shaft);
        }
    },
    BARS {
        @Override
        double field(double x, double y) {
            double folded = Math.min(Math.abs(y), Math.abs(Math.abs(y) - 0.58));
            return Math.max(Math.max(folded - 0.16, Math.abs(x) - 0.68), Math.abs(y) - 0.74);
        }
    },
    CRESCENT {
        @Override
        double field(double x, double y) {
            return Math.max(Math.hypot(x, y) - 0.9, 0.72 - Math.hypot(x - 0.42, y));
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
            return Math.hypot(x, y) - 0.82;
        }
    },
    FLOWER {
        @Override
        double field(double x, double y) {
            double petals = Math.hypot(x, y) - 0.35;
            for (int i = 0; i < PETALS; i++) {
                petals = Math.min(petals, Math.hypot(x - 0.58 * PETAL_X[i], y - 0.58 * PETAL_Y[i]) - 0.33);
            }
            return petals;
        }
    },
    RING {
        @Override
        double field(double x, double y) {
            return Math.abs(Math.hypot(x, y) - 0.68) - 0.19;
        }
    },
    SQUARE {
        @Override
        double field(double x, double y) {
            return box(x, y, 0.66, 0.66);
        }
    },
    STAR {
        @Override
        double field(double x, double y) {
            double inside = Double.MAX_VALUE;
            double second = Double.MAX_VALUE;
            for (int i = 0; i < PETALS; i++) {
                double edge = 0.37 - (x * PETAL_X[i] + y * PETAL_Y[i]);
                if (edge < inside) {
                    second = inside;
                    inside = edge;
                } else if (edge < second) {
                    second = edge;
                }
            }
            return -second;
        }
    },
    TRIANGLE {
        @Override
        double field(double x, double y) {
            return Math.max(-y - 0.45, Math.abs(x) * 0.866 + y * 0.5 - 0.45);
        }
    };

    private static final int PETALS = 5;
    private static final double[] PETAL_X = new double[PETALS];
    private static final double[] PETAL_Y = new double[PETALS];

    static {
        for (int i = 0; i < PETALS; i++) {
            PETAL_X[i] = StrictMath.cos(2 * Math.PI * i / PETALS);
            PETAL_Y[i] = StrictMath.sin(2 * Math.PI * i / PETALS);
        }
    }

    abstract double field(double x, double y);

    static List<String> names() {
        return Arrays.stream(values())
                .map(shape -> shape.name().toLowerCase(Locale.ROOT))
                .toList();
    }

    private static double box(double x, double y, double halfWidth, double halfHeight) {
        return Math.max(Math.abs(x) - halfWidth, Math.abs(y) - halfHeight);
    }
}
