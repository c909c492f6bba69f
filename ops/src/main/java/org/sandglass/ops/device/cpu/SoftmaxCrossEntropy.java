package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.BatchResult;

/**
 * Softmax cross-entropy of rows of logits, in Java: the rows are few. Samples with a negative label count for nothing and
 * have zero gradient. Not thread-safe.
 */
final class SoftmaxCrossEntropy {
    private static final int TOP = 5;

    private final int classes;
    private final float[] row;
    private final double[] exponentials;

    SoftmaxCrossEntropy(int classes) {
        this.classes = classes;
        row = new float[classes];
        exponentials = new double[classes];
    }

    int classes() {
        return classes;
    }

    /** Loss and counts. */
    BatchResult result(FloatBuffer logits, int[] labels) {
        double loss = 0;
        int top1 = 0;
        int top5 = 0;
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0) {
                continue;
            }
            logits.get(i * classes, row);
            float maximum = maximum();
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit - maximum);
            }
            loss += Math.log(sum) + maximum - row[labels[i]];
            int rank = rank(labels[i]);
            top1 += rank < 1 ? 1 : 0;
            top5 += rank < TOP ? 1 : 0;
        }
        return new BatchResult(loss, top1, top5);
    }

    /** The gradient of {@code scale} times the sum of the rows' losses. */
    void gradient(FloatBuffer logits, int[] labels, double scale, FloatBuffer target) {
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0) {
                java.util.Arrays.fill(row, 0);
            } else {
                logits.get(i * classes, row);
                softmaxGradient(labels[i], scale);
            }
            target.put(i * classes, row);
        }
    }

    private void softmaxGradient(int label, double scale) {
        float maximum = maximum();
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            exponentials[c] = Math.exp(row[c] - maximum);
            sum += exponentials[c];
        }
        for (int c = 0; c < classes; c++) {
            row[c] = (float) (scale * (exponentials[c] / sum - (c == label ? 1 : 0)));
        }
    }

    private float maximum() {
        float maximum = Float.NEGATIVE_INFINITY;
        for (float logit : row) {
            maximum = Math.max(maximum, logit);
        }
        return maximum;
    }

    /** How many logits come before the label's; a NaN comes last. */
    private int rank(int label) {
        float own = row[label];
        if (Float.isNaN(own)) {
            return classes;
        }
        int rank = 0;
        for (int c = 0; c < classes; c++) {
            if (row[c] > own || (row[c] == own && c < label)) {
                rank++;
            }
        }
        return rank;
    }
}
