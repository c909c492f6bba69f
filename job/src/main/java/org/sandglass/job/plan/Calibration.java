package org.sandglass.job.plan;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.sandglass.job.config.Recipe;
import org.sandglass.ops.nn.Network;

/**
 * What this implementation takes on the executors at hand: the group {@code calibration} of a file that {@code sandglass plan}
 * reads. Seconds, bytes and operations per second.
 *
 * @param model whose step was measured, with {@code precision} and images of {@code size}: recipes' values
 * @param deviation standard deviation of a step, over the tasks' steps, as a share of the median
 * @param deviceFlops of forward and backward together, all layers alike
 * @param deviceBytesPerSecond of the update, which is nothing but traffic
 * @param engineBytesPerSecond of a task's communication: what it sends and what it receives; with {@code frame} such that a
 *     forecast takes for both sums what was measured ({@link EngineFit})
 * @param engineOnDevice whether communication takes the time from what computes
 * @param frame what a frame takes its sender, and again its receiver, whatever its size
 */
public record Calibration(
        String model,
        String precision,
        int size,
        int perWorkerBatchSize,
        double forward,
        double backward,
        double update,
        double deviation,
        double deviceFlops,
        double deviceBytesPerSecond,
        double engineBytesPerSecond,
        boolean engineOnDevice,
        double frame,
        double decodePerCore,
        double exchangeBytesPerSecond,
        double stage) {

    /** Of the sum that shows what a message takes whatever its size. */
    public static final int SMALL_BYTES = 4 << 10;

    /** The update reads weight, gradient and momentum, and writes weight and momentum. */
    private static final int UPDATE_PASSES = 5;

    /** A normal distribution's standard deviation by its median absolute deviation. */
    private static final double NORMAL = 1.4826;

    /**
     * What a task measured, in seconds.
     *
     * @param host that it ran on
     * @param onProcessor whether the executor's processor computes
     * @param steps one after another, begun by all tasks at once
     * @param gradientSum of a vector as long as the gradients, by all tasks together
     * @param smallSum of {@value #SMALL_BYTES} bytes
     * @param decodePerCore images per second
     */
    public record Task(
            String host,
            boolean onProcessor,
            List<Step> steps,
            double gradientSum,
            double smallSum,
            double decodePerCore) {

        /** Defends against later changes of the list. */
        public Task {
            steps = List.copyOf(steps);
        }
    }

    /** The times of a step's parts. */
    public record Step(double forward, double backward, double update) {
        double total() {
            return forward + backward + update;
        }
    }

    /**
     * Puts the tasks' measurements together, medians of all.
     *
     * @param tasks at least two
     * @param exchange bytes of encoded images that all hosts exchange in a second
     * @param stage seconds of a stage that does nothing
     */
    public static Calibration of(Recipe recipe, Network network, List<Task> tasks, double exchange, double stage) {
        int n = recipe.training().perWorkerBatchSize();
        double forward = stepMedian(tasks, Step::forward);
        double backward = stepMedian(tasks, Step::backward);
        double update = stepMedian(tasks, Step::update);
        double flops = n * BackwardTimeline.trainingFlops(network);
        double weights = (double) Float.BYTES * network.layout().weightsLength();
        EngineFit engine = EngineFit.of(
                IterationForecast.algorithm(recipe),
                tasks.size(),
                new EngineFit.Measured(
                        SMALL_BYTES / Float.BYTES, median(tasks.stream().mapToDouble(Task::smallSum))),
                new EngineFit.Measured(
                        Math.toIntExact(network.layout().gradientLength()),
                        median(tasks.stream().mapToDouble(Task::gradientSum))));
        return new Calibration(
                recipe.model().name(),
                recipe.training().precision().name().toLowerCase(Locale.ROOT),
                recipe.augmentation().size(),
                n,
                forward,
                backward,
                update,
                deviation(tasks),
                flops / (forward + backward),
                UPDATE_PASSES * weights / update,
                engine.bytesPerSecond(),
                tasks.get(0).onProcessor(),
                engine.frame(),
                median(tasks.stream().mapToDouble(Task::decodePerCore)),
                exchange / tasks.stream().map(Task::host).distinct().count(),
                stage);
    }

    /** The group, in HOCON. */
    public String render() {
        return String.format(
                Locale.ROOT,
                "calibration {%n"
                        + "  model = %s, precision = %s, size = %d%n"
                        + "  perWorkerBatchSize = %d%n"
                        + "  forwardMillis = %.4f%n"
                        + "  backwardMillis = %.4f%n"
                        + "  updateMillis = %.4f%n"
                        + "  deviation = %.4f%n"
                        + "  device { tflops = %.5f, GBps = %.3f }%n"
                        + "  engine { GBps = %.4f, frameMicros = %.2f, onDevice = %b }%n"
                        + "  decodePerCore = %.1f%n"
                        + "  exchangeMBps = %.2f%n"
                        + "  stageSeconds = %.3f%n"
                        + "}%n",
                model,
                precision,
                size,
                perWorkerBatchSize,
                1e3 * forward,
                1e3 * backward,
                1e3 * update,
                deviation,
                deviceFlops / 1e12,
                deviceBytesPerSecond / 1e9,
                engineBytesPerSecond / 1e9,
                1e6 * frame,
                engineOnDevice,
                decodePerCore,
                exchangeBytesPerSecond / 1e6,
                stage);
    }

    private static double stepMedian(List<Task> tasks, Function<Step, Double> part) {
        return median(tasks.stream().flatMap(task -> task.steps().stream()).mapToDouble(part::apply));
    }

    /** From the median absolute deviation, which a step that something else held up does not change. */
    private static double deviation(List<Task> tasks) {
        double median = stepMedian(tasks, Step::total);
        double absolute = stepMedian(tasks, step -> Math.abs(step.total() - median));
        return Math.min(1, NORMAL * absolute / median);
    }

    private static double median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
