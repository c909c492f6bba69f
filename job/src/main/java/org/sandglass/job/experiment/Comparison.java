package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.experiment.SeedRun.Epoch;

/**
 * Whether the curve of some runs coincides with a baseline's, and from where on. Goyal et al., section 5.2: where a large
 * minibatch's training curve matches the small one's after warmup, the final error does too; where it does not, that
 * shows early.
 *
 * <p>Curves are aligned by samples seen: at the end of each of the baseline's epochs, the runs' values are interpolated.
 * Two means coincide where they differ by at most {@value #TOLERANCE} standard deviations of the baseline's seeds; the
 * deviation is that of the epochs beside, too, pooled, for few seeds tell it badly. The spread of what is compared counts
 * only where the baseline has none, since runs that go astray spread widely. Where a run diverged, there is no match, and
 * where one of the baseline's did, no verdict.
 *
 * @param measure what was compared, in words
 * @param epochs compared, in order
 * @param coincidesFrom the first epoch from which on all are within the tolerance; null if the last is not, or if the
 *     spread is unknown
 * @param known whether the spread is known at an epoch, and so the verdict
 * @param lost how many of the compared runs diverged or failed
 * @param baselineLost how many of the baseline's did
 */
public record Comparison(
        String baseline,
        String run,
        String measure,
        List<Point> epochs,
        @Nullable Integer coincidesFrom,
        boolean known,
        long lost,
        long baselineLost) {

    static final int TOLERANCE = 2;

    /**
     * The means at the end of an epoch, in percent.
     *
     * @param samples seen since the beginning
     * @param tolerance that they may differ by; NaN where unknown
     */
    public record Point(int epoch, long samples, double baseline, double run, double tolerance) {

        boolean within() {
            return Math.abs(run - baseline) <= tolerance;
        }

        private boolean known() {
            return Double.isFinite(tolerance);
        }
    }

    /** Defends against later changes of the list. */
    public Comparison {
        epochs = List.copyOf(epochs);
    }

    /** Compares the training error. */
    public static Comparison ofTraining(RunGroup baseline, RunGroup run, OptionalDouble deviation) {
        return of("training error", baseline, run, Epoch::trainError, deviation);
    }

    /** Compares the validation error. */
    public static Comparison ofValidation(RunGroup baseline, RunGroup run, OptionalDouble deviation) {
        return of("validation error", baseline, run, Epoch::validated, deviation);
    }

    /** @param deviation the seeds' standard deviation in percent, instead of what the runs tell */
    static Comparison of(
            String measure, RunGroup baseline, RunGroup run, ToDoubleFunction<Epoch> value, OptionalDouble deviation) {
        List<Spread> base = new ArrayList<>();
        List<Spread> other = new ArrayList<>();
        List<Epoch> at = new ArrayList<>();
        for (Epoch epoch : longest(baseline).epochs()) {
            Spread ours = spreadAt(run, epoch.samples(), value);
            Spread theirs = spreadAt(baseline, epoch.samples(), value);
            if (ours.count() > 0 && theirs.count() > 0) {
                at.add(epoch);
                base.add(theirs);
                other.add(ours);
            }
        }
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < at.size(); i++) {
            double own = pooled(base, i);
            double spread = deviation.orElse(Double.isFinite(own) ? own : pooled(other, i));
            points.add(new Point(
                    at.get(i).epoch(),
                    at.get(i).samples(),
                    base.get(i).mean(),
                    other.get(i).mean(),
                    TOLERANCE * spread));
        }
        List<Point> judged = points.stream().filter(Point::known).toList();
        long lost = lost(run);
        long baselineLost = lost(baseline);
        return new Comparison(
                baseline.name(),
                run.name(),
                measure,
                points,
                lost == 0 && baselineLost == 0 ? from(judged) : null,
                baselineLost == 0 && (!judged.isEmpty() || lost > 0),
                lost,
                baselineLost);
    }

    private static long lost(RunGroup group) {
        return group.count("diverged") + group.count("failed");
    }

    private static SeedRun longest(RunGroup group) {
        return group.runs().stream()
                .max(Comparator.comparingInt(run -> run.epochs().size()))
                .orElseThrow();
    }

    private static Spread spreadAt(RunGroup group, long samples, ToDoubleFunction<Epoch> value) {
        return Spread.of(group.runs().stream()
                .mapToDouble(run -> interpolated(run.epochs(), samples, value))
                .toArray());
    }

    /** NaN outside of what the run has seen. */
    private static double interpolated(List<Epoch> epochs, long samples, ToDoubleFunction<Epoch> value) {
        for (int i = 0; i < epochs.size(); i++) {
            Epoch after = epochs.get(i);
            if (after.samples() == samples) {
                return value.applyAsDouble(after);
            }
            if (after.samples() > samples) {
                if (i == 0) {
                    return Double.NaN;
                }
                Epoch before = epochs.get(i - 1);
                double share = (double) (samples - before.samples()) / (after.samples() - before.samples());
                return value.applyAsDouble(before) * (1 - share) + value.applyAsDouble(after) * share;
            }
        }
        return Double.NaN;
    }

    private static double pooled(List<Spread> spreads, int at) {
        List<Spread> near = spreads.subList(Math.max(0, at - 1), Math.min(spreads.size(), at + 2));
        return Math.sqrt(near.stream()
                .mapToDouble(Spread::deviation)
                .filter(Double::isFinite)
                .map(deviation -> deviation * deviation)
                .average()
                .orElse(Double.NaN));
    }

    private static @Nullable Integer from(List<Point> points) {
        Integer from = null;
        for (int i = points.size() - 1; i >= 0 && points.get(i).within(); i--) {
            from = points.get(i).epoch();
        }
        return from;
    }

    /** The verdict as a sentence. */
    public String verdict() {
        if (baselineLost > 0) {
            return "%s: whether %s coincides with %s cannot be said: %d of the baseline's runs diverged or failed"
                    .formatted(measure, run, baseline, baselineLost);
        }
        if (lost > 0) {
            return "%s: %s does not coincide with %s: %d of its runs diverged or failed"
                    .formatted(measure, run, baseline, lost);
        }
        if (epochs.isEmpty()) {
            return "%s: %s and %s have no epoch in common".formatted(measure, run, baseline);
        }
        Point last = (known ? epochs.stream().filter(Point::known) : epochs.stream())
                .reduce((before, after) -> after)
                .orElseThrow();
        String difference = String.format(
                Locale.ROOT, "%.2f %% against %.2f %% at epoch %d", last.run(), last.baseline(), last.epoch());
        if (!known) {
            return "%s: %s: %s; whether that coincides cannot be said, since neither has two seeds"
                    .formatted(measure, run, difference);
        }
        String tolerance = String.format(Locale.ROOT, "tolerance ± %.2f %%", last.tolerance());
        return coincidesFrom == null
                ? "%s: %s does not coincide with %s: %s, %s".formatted(measure, run, baseline, difference, tolerance)
                : "%s: %s coincides with %s from epoch %d on: %s, %s"
                        .formatted(measure, run, baseline, coincidesFrom, difference, tolerance);
    }
}
