package org.sandglass.job.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.sandglass.job.data.LedgerEntry;

/** A run as training would record it, made up: losses that fall, with noise. */
final class SampleRun {

    private static final int ITERATIONS = 391;

    private SampleRun() {}

    static void record(RunDirectory directory, int epochs) {
        Random random = new Random(7);
        for (int epoch = 1; epoch <= epochs; epoch++) {
            List<IterationMetrics> iterations = new ArrayList<>();
            for (int i = 0; i < ITERATIONS; i++) {
                long iteration = (epoch - 1L) * ITERATIONS + i;
                double at = (double) iteration / ITERATIONS;
                double rate = at < 6 ? 0.1 : at < 8.5 ? 0.01 : 0.001;
                double loss =
                        (2.3 * Math.exp(-at / 2) + 0.45) * (1 + 0.12 * random.nextGaussian()) - (at > 6 ? 0.1 : 0);
                double error = Math.max(0, 100 * (1 - Math.exp(-loss * 0.7)));
                double speed = 560 + 25 * random.nextGaussian();
                iterations.add(
                        new IterationMetrics(epoch, iteration, 128, loss, error, rate, 128 / speed, speed, 0.003));
            }
            IterationMetrics last = iterations.get(ITERATIONS - 1);
            ValidationMetrics validation = new ValidationMetrics(
                    10000, 2.0 * Math.exp(-epoch / 2.5) + 0.65, 70 * Math.exp(-epoch / 2.2) + 21.5, 1.2);
            directory.record(
                    iterations,
                    new EpochMetrics(
                            epoch,
                            ITERATIONS,
                            50000,
                            last.loss(),
                            last.top1Error(),
                            0,
                            last.learningRate(),
                            89.3,
                            559.9,
                            0.003,
                            0.02,
                            1.5,
                            87,
                            1_300_000_000L,
                            null),
                    new LedgerEntry(
                            epoch,
                            50000,
                            50000,
                            0,
                            "5b1f90a2c4d8e7731f0a9b6c2d3e4f50",
                            "5b1f90a2c4d8e7731f0a9b6c2d3e4f50",
                            "exact"));
            directory.recordValidation(epoch, validation);
        }
    }

    static Summary summary(int epochs) {
        return new Summary(
                Summary.Status.FINISHED,
                "cifar-resnet20",
                epochs,
                (long) epochs * ITERATIONS,
                2,
                2,
                128,
                50000,
                10000,
                0.47,
                22.31,
                1.2,
                559.9,
                0.003,
                0.02,
                1034,
                1_300_000_000L,
                0,
                1,
                0,
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "cpu",
                "f32",
                "3.5.6",
                "unknown",
                null);
    }
}
