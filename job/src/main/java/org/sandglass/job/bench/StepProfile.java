package org.sandglass.job.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sandglass.ops.device.StepTime;

/**
 * Where a training step's time goes.
 *
 * @param steps in the order in which they run
 * @param peakFlops floating point operations per second of a matrix product on the same threads
 */
public record StepProfile(List<StepTime> steps, double peakFlops) {

    /** What a layer takes: seconds of forward and backward, and operations of its convolutions with their seconds. */
    public record Layer(String name, double forward, double backward, double flops, double convolution) {

        Layer plus(StepTime step) {
            boolean isForward = step.phase() == StepTime.Phase.FORWARD;
            boolean counts = step.flops() > 0;
            return new Layer(
                    name,
                    forward + (isForward ? step.seconds() : 0),
                    backward + (isForward ? 0 : step.seconds()),
                    flops + step.flops(),
                    convolution + (counts ? step.seconds() : 0));
        }

        /** Seconds of both directions. */
        public double seconds() {
            return forward + backward;
        }

        /** Operations per second of its convolutions; 0 if it has none. */
        public double rate() {
            return convolution == 0 ? 0 : flops / convolution;
        }
    }

    /** Layers in the order of forward. */
    public List<Layer> layers() {
        Map<String, Layer> layers = new LinkedHashMap<>();
        for (StepTime step : steps) {
            Layer layer = layers.getOrDefault(step.layer(), new Layer(step.layer(), 0, 0, 0, 0));
            layers.put(step.layer(), layer.plus(step));
        }
        return new ArrayList<>(layers.values());
    }

    /** Seconds of everything that is a convolution, or its gradient. */
    public double convolutionSeconds() {
        return steps.stream()
                .filter(step -> step.flops() > 0)
                .mapToDouble(StepTime::seconds)
                .sum();
    }

    /** A table for people. */
    public String table() {
        StringBuilder text = new StringBuilder(
                "%-34s %10s %11s %10s %8s%n".formatted("layer", "forward ms", "backward ms", "GFLOP/s", "of peak"));
        for (Layer layer : layers()) {
            text.append(row(layer.name(), layer.forward(), layer.backward(), layer.rate()));
        }
        Layer sum = new Layer("convolutions", 0, 0, 0, 0);
        for (StepTime step : steps) {
            sum = step.flops() > 0 ? sum.plus(step) : sum;
        }
        text.append(row("all convolutions", sum.forward(), sum.backward(), sum.rate()));
        text.append(String.format(Locale.ROOT, "a matrix product: %.0f GFLOP/s%n", peakFlops / 1e9));
        return text.toString();
    }

    private String row(String name, double forward, double backward, double rate) {
        String speed = rate == 0
                ? "%10s %8s".formatted("", "")
                : String.format(Locale.ROOT, "%10.0f %7.0f%%", rate / 1e9, 100 * rate / peakFlops);
        return String.format(Locale.ROOT, "%-34s %10.2f %11.2f %s%n", name, forward * 1e3, backward * 1e3, speed);
    }
}
