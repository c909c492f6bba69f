package org.sandglass.job.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The report's curves over a common axis, in epochs. Long runs are thinned: a point is then the mean of neighbouring
 * iterations of one epoch. Validation stands at the epoch's end and is null elsewhere, as is what is not a number.
 */
record ReportCurves(
        List<@Nullable BigDecimal> x,
        List<@Nullable BigDecimal> loss,
        List<@Nullable BigDecimal> error,
        List<@Nullable BigDecimal> rate,
        List<@Nullable BigDecimal> speed,
        List<@Nullable BigDecimal> validationLoss,
        List<@Nullable BigDecimal> validationError) {

    private static final int MAX_POINTS = 3000;
    private static final MathContext DIGITS = new MathContext(5);

    static ReportCurves of(RunHistory history) {
        return of(history, MAX_POINTS);
    }

    static ReportCurves of(RunHistory history, int maxPoints) {
        ReportCurves curves = new ReportCurves(
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>());
        int stride = Math.max(1, (history.iterations().size() + maxPoints - 1) / maxPoints);
        for (EpochMetrics epoch : history.epochs()) {
            List<IterationMetrics> iterations = history.iterationsOf(epoch.epoch());
            for (int from = 0; from < iterations.size(); from += stride) {
                int to = Math.min(from + stride, iterations.size());
                double x = epoch.epoch() - 1 + (double) to / iterations.size();
                curves.add(x, iterations.subList(from, to), to == iterations.size() ? epoch.validation() : null);
            }
        }
        return curves;
    }

    private void add(double at, List<IterationMetrics> iterations, @Nullable ValidationMetrics validation) {
        x.add(rounded(at));
        loss.add(mean(iterations, IterationMetrics::loss));
        error.add(mean(iterations, IterationMetrics::top1Error));
        rate.add(mean(iterations, IterationMetrics::learningRate));
        speed.add(mean(iterations, IterationMetrics::imagesPerSecond));
        Optional<ValidationMetrics> measured = Optional.ofNullable(validation);
        validationLoss.add(measured.map(v -> rounded(v.loss())).orElse(null));
        validationError.add(measured.map(v -> rounded(v.top1Error())).orElse(null));
    }

    private static @Nullable BigDecimal mean(List<IterationMetrics> iterations, ToDoubleFunction<IterationMetrics> of) {
        return rounded(iterations.stream().mapToDouble(of).average().orElse(Double.NaN));
    }

    private static @Nullable BigDecimal rounded(double value) {
        return Double.isFinite(value) ? new BigDecimal(value).round(DIGITS) : null;
    }
}
