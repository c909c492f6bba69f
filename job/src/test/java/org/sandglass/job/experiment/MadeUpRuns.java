package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** Runs whose errors are a function of the epoch and noise of the seed. */
final class MadeUpRuns {

    static final long SAMPLES = 1000;

    private MadeUpRuns() {}

    static RunGroup group(String name, int seeds, int epochs, double noise, IntToDoubleFunction error) {
        List<SeedRun> runs = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
            runs.add(run(seed, SAMPLES, epochs, noise, error));
        }
        return new RunGroup(name, runs);
    }

    /** The same run with another outcome. */
    static SeedRun ended(String status, SeedRun run) {
        return new SeedRun(
                run.seed(),
                status,
                run.globalBatchSize(),
                run.tasks(),
                run.ledgerViolations(),
                run.wallSeconds(),
                run.commit(),
                run.weightsSha256(),
                run.epochs(),
                run.curve());
    }

    /** The same run with epochs that took so many seconds. */
    static SeedRun taking(double seconds, SeedRun run) {
        return new SeedRun(
                run.seed(),
                run.status(),
                run.globalBatchSize(),
                run.tasks(),
                run.ledgerViolations(),
                run.wallSeconds(),
                run.commit(),
                run.weightsSha256(),
                run.epochs().stream()
                        .map(epoch -> new SeedRun.Epoch(
                                epoch.epoch(),
                                epoch.samples(),
                                epoch.iterations(),
                                epoch.trainLoss(),
                                epoch.trainError(),
                                epoch.validationError(),
                                seconds,
                                epoch.iterationSeconds(),
                                epoch.exposedCommunication()))
                        .toList(),
                run.curve());
    }

    /** Its validation error is its training error and 5. */
    static SeedRun run(int seed, long samples, int epochs, double noise, IntToDoubleFunction error) {
        // Seeds of neighbouring numbers draw much alike in the beginning.
        Random random = new Random(seed * 7919L + 13);
        List<SeedRun.Epoch> found = new ArrayList<>();
        List<SeedRun.CurvePoint> curve = new ArrayList<>();
        for (int epoch = 1; epoch <= epochs; epoch++) {
            double value = error.applyAsDouble(epoch) + noise * random.nextGaussian();
            found.add(new SeedRun.Epoch(epoch, epoch * samples, 10, value / 20, value, value + 5, 10, 0.9, 0.1));
            curve.add(new SeedRun.CurvePoint((epoch - 0.5) * samples, value + 1));
            curve.add(new SeedRun.CurvePoint(epoch * samples, value));
        }
        return new SeedRun(seed, "finished", 64, 2, 0, 100, "0123abc", "ab", found, curve);
    }
}
