package org.sandglass.job.train;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Training in Spark's metrics system: gauges of the newest iteration, in every executor and, as rank 0 sees it, in the
 * driver; whatever sinks are configured (JMX, CSV, Prometheus, …) get them as {@code
 * plugin.org.sandglass.job.train.TrainingMetrics.NAME}. Thread-safe.
 */
public final class TrainingMetrics implements SparkPlugin {

    private static final Logger LOG = LoggerFactory.getLogger(TrainingMetrics.class);

    private static volatile @Nullable PluginContext executor;
    private static volatile Sample newest = new Sample(0, 0, 0, 0, 0, 0);

    /**
     * One iteration.
     *
     * @param epoch from 1
     * @param iteration of the whole run, from 0
     * @param exposedCommunication share of the iteration that was spent waiting for gradients to be summed
     * @param exchangeLagSeconds time of the iteration that was spent waiting for samples
     */
    record Sample(
            int epoch,
            long iteration,
            double imagesPerSecond,
            double loss,
            double exposedCommunication,
            double exchangeLagSeconds)
            implements Serializable {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    /** A question to the driver: what time is it there? */
    private record ClockQuestion() implements Serializable {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    /** Makes this the newest iteration of this executor. */
    static void note(Sample sample) {
        newest = sample;
    }

    /** Makes the newest iteration of this executor that of the driver too. */
    static void publish() {
        PluginContext context = executor;
        if (context == null) {
            return;
        }
        try {
            context.send(newest);
        } catch (IOException | RuntimeException e) {
            LOG.debug("Metrics message lost", e);
        }
    }

    /** Asks the driver for its clock, in milliseconds; none where this plugin isn't loaded or the driver is silent. */
    public static OptionalLong driverMillis() {
        PluginContext context = executor;
        try {
            return context != null && context.ask(new ClockQuestion()) instanceof Long millis
                    ? OptionalLong.of(millis)
                    : OptionalLong.empty();
        } catch (Exception e) {
            LOG.warn("Cannot ask the driver for its clock", e);
            return OptionalLong.empty();
        }
    }

    private static void register(MetricRegistry registry) {
        gauge(registry, "epoch", Sample::epoch);
        gauge(registry, "iteration", Sample::iteration);
        gauge(registry, "imagesPerSecond", Sample::imagesPerSecond);
        gauge(registry, "loss", Sample::loss);
        gauge(registry, "exposedCommunication", Sample::exposedCommunication);
        gauge(registry, "exchangeLagSeconds", Sample::exchangeLagSeconds);
    }

    private static void gauge(MetricRegistry registry, String name, ToDoubleFunction<Sample> value) {
        registry.register(name, (Gauge<Double>) () -> value.applyAsDouble(newest));
    }

    @Override
    public DriverPlugin driverPlugin() {
        return new DriverPlugin() {
            @Override
            public Map<String, String> init(SparkContext context, PluginContext pluginContext) {
                return Map.of();
            }

            @Override
            public void registerMetrics(String application, PluginContext context) {
                register(context.metricRegistry());
            }

            @Override
            public @Nullable Object receive(Object message) {
                if (message instanceof Sample sample) {
                    note(sample);
                }
                return message instanceof ClockQuestion ? System.currentTimeMillis() : null;
            }
        };
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new ExecutorPlugin() {
            @Override
            public void init(PluginContext context, Map<String, String> extra) {
                executor = context;
                register(context.metricRegistry());
            }
        };
    }
}
