package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries progress from a running task to the driver over Spark's own, authenticated, channel: accumulators arrive only
 * when a task ends. Progress is for people; a lost message changes nothing. Thread-safe.
 */
public final class ProgressPlugin implements SparkPlugin {

    private static final Logger LOG = LoggerFactory.getLogger(ProgressPlugin.class);

    private static volatile @Nullable PluginContext executor;
    private static volatile Consumer<Message> listener = message -> {};
    private static volatile Consumer<String> noteListener = note -> {};

    /** Where training stands, epoch from 1, iteration within the epoch from 0. */
    record Message(int epoch, long iteration, double loss, double imagesPerSecond) implements Serializable {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    /** Sets who is told on the driver. */
    static void listen(Consumer<Message> iterations, Consumer<String> notes) {
        listener = iterations;
        noteListener = notes;
    }

    /** Sends from a task; does nothing where the plugin isn't loaded. */
    static void send(Message message) {
        sendObject(message);
    }

    /** Sends a line for people from a task. */
    static void tell(String note) {
        sendObject(note);
    }

    private static void sendObject(Object message) {
        PluginContext context = executor;
        if (context == null) {
            return;
        }
        try {
            context.send(message);
        } catch (java.io.IOException | RuntimeException e) {
            LOG.debug("Progress message lost", e);
        }
    }

    @Override
    public DriverPlugin driverPlugin() {
        return new DriverPlugin() {
            @Override
            public Map<String, String> init(SparkContext context, PluginContext pluginContext) {
                return Map.of();
            }

            @Override
            public @Nullable Object receive(Object message) {
                if (message instanceof Message progress) {
                    listener.accept(progress);
                } else if (message instanceof String note) {
                    noteListener.accept(note);
                }
                return null;
            }
        };
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new ExecutorPlugin() {
            @Override
            public void init(PluginContext context, Map<String, String> extra) {
                executor = context;
            }
        };
    }
}
