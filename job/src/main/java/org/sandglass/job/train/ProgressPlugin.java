package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.report.IterationMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries progress from a running task to the driver over Spark's own, authenticated, channel: accumulators arrive only
 * when a task ends. A lost message changes nothing that counts. Thread-safe.
 *
 * <p>As JSON: Spark reads a message where not all of our classes may be known.
 */
public final class ProgressPlugin implements SparkPlugin {

    private static final Logger LOG = LoggerFactory.getLogger(ProgressPlugin.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static volatile @Nullable PluginContext executor;
    private static volatile Consumer<Message> listener = message -> {};
    private static volatile Consumer<String> noteListener = note -> {};
    private static volatile Consumer<WrittenCheckpoint> checkpointListener = checkpoint -> {};

    /**
     * Where training stands.
     *
     * @param attempt the stage's
     * @param epoch from 1
     * @param iteration within the epoch, from 0
     * @param logged iterations since the stage's message before; its first message has the whole epoch's so far
     */
    record Message(
            long attempt,
            int epoch,
            long iteration,
            double loss,
            double imagesPerSecond,
            List<IterationMetrics> logged) {}

    /** What travels: one of them. */
    private record Envelope(
            @Nullable Message progress,
            @Nullable String note,
            @Nullable WrittenCheckpoint checkpoint) {}

    /** Sets who is told on the driver. */
    static void listen(Consumer<Message> iterations, Consumer<String> notes, Consumer<WrittenCheckpoint> checkpoints) {
        listener = iterations;
        noteListener = notes;
        checkpointListener = checkpoints;
    }

    /** Whether a task can say something: not in a session that somebody else opened, without our plugins. */
    static boolean isLoaded() {
        return executor != null;
    }

    /** Sends from a task; does nothing where the plugin isn't loaded. */
    static void send(Message message) {
        send(new Envelope(message, null, null));
    }

    /** Sends a line for people from a task. */
    static void tell(String note) {
        send(new Envelope(null, note, null));
    }

    /** As {@link #tell}; the driver has it, if it can be reached, when this returns. */
    static void tellNow(String note) {
        deliver(new Envelope(null, note, null), note);
    }

    /** Tells the driver of a checkpoint, and whether it knows of it now. */
    static boolean deliver(WrittenCheckpoint checkpoint) {
        return deliver(new Envelope(null, null, checkpoint), "the checkpoint of epoch " + checkpoint.epoch());
    }

    private static boolean deliver(Envelope envelope, String what) {
        PluginContext context = executor;
        if (context == null) {
            return false;
        }
        try {
            context.ask(JSON.writeValueAsString(envelope));
            return true;
        } catch (Exception e) {
            // Scala declares nothing; what comes of a driver that is gone differs between Spark's versions.
            LOG.warn("Cannot tell the driver: {}", what, e);
            return false;
        }
    }

    private static void send(Envelope envelope) {
        PluginContext context = executor;
        if (context == null) {
            return;
        }
        try {
            context.send(JSON.writeValueAsString(envelope));
        } catch (IOException | RuntimeException e) {
            LOG.debug("Progress message lost", e);
        }
    }

    private static void receive(String json) {
        try {
            Envelope envelope = JSON.readValue(json, Envelope.class);
            if (envelope.progress() != null) {
                listener.accept(envelope.progress());
            }
            if (envelope.note() != null) {
                noteListener.accept(envelope.note());
            }
            if (envelope.checkpoint() != null) {
                checkpointListener.accept(envelope.checkpoint());
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read progress: " + json, e);
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
            public Object receive(Object message) {
                ProgressPlugin.receive((String) message);
                return "received";
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
