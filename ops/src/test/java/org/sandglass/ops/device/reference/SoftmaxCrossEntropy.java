package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.BatchResult;

/** Softmax and cross-entropy over the logits of a microbatch; a sample of negative label counts for nothing. */
final class SoftmaxCrossEntropy {
    private final double[] logits;
    private final int[] labels;

    SoftmaxCrossEntropy(double[] logits, int[] labels) {
        this.logits = logits;
        this.labels = labels;
    }

    private int classes() {
        return logits.length / labels.length;
    }

    BatchResult result() {
        double lossSum = 0;
        int top1 = 0;
        int top5 = 0;
        for (int sample = 0; sample < labels.length; sample++) {
            if (labels[sample] >= 0) {
                lossSum += logSumExp(sample) - logits[sample * classes() + labels[sample]];
                int rank = rankOfLabel(sample);
                top1 += rank < 1 ? 1 : 0;
                top5 += rank < 5 ? 1 : 0;
            }
        }
        return new BatchResult(lossSum, top1, top5);
    }

    /** Adds the gradient of {@code scale} times the sum of the losses. */
    void backward(double scale, double[] gradient) {
        for (int sample = 0; sample < labels.length; sample++) {
            if (labels[sample] < 0) {
                continue;
            }
            double logSumExp = logSumExp(sample);
            for (int label = 0; label < classes(); label++) {
                int i = sample * classes() + label;
                double target = label == labels[sample] ? 1 : 0;
                gradient[i] += scale * (Math.exp(logits[i] - logSumExp) - target);
            }
        }
    }

    private double logSumExp(int sample) {
        double max = Double.NEGATIVE_INFINITY;
        for (int label = 0; label < classes(); label++) {
            max = Math.max(max, logits[sample * classes() + label]);
        }
        double sum = 0;
        for (int label = 0; label < classes(); label++) {
            sum += Math.exp(logits[sample * classes() + label] - max);
        }
        return max + Math.log(sum);
    }

    private int rankOfLabel(int sample) {
        int own = sample * classes() + labels[sample];
        int rank = 0;
        for (int label = 0; label < classes(); label++) {
            int other = sample * classes() + label;
            if (logits[other] > logits[own] || (logits[other] == logits[own] && other < own)) {
                rank++;
            }
        }
        return rank;
    }
}
