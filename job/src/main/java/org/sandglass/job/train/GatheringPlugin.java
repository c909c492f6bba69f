package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.collective.PeerFailure;

/**
 * Takes the tasks' words to the {@link Gathering} over Spark's own, authenticated, channel. Thread-safe.
 *
 * <p>As JSON: Spark reads a reply where only classes of its own and of Java are known.
 */
public final class GatheringPlugin implements SparkPlugin {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long FIRST_PAUSE_MILLIS = 10;
    private static final long LONGEST_PAUSE_MILLIS = 250;

    private static volatile @Nullable PluginContext executor;

    /**
     * Says something to all tasks of the stage, and waits for what they say.
     *
     * @param stage the same at every task of the stage, different for every attempt
     * @return what all have said, in the order of their partitions
     * @throws PeerFailure if the driver ends the task, or some did not come within {@code spark.barrier.sync.timeout}
     */
    static List<String> gather(BarrierTaskContext context, String stage, String words) {
        PluginContext plugin = executor;
        if (plugin == null) {
            // A session that was opened by somebody else, without our plugins.
            return Arrays.asList(context.allGather(words));
        }
        int ranks = context.getTaskInfos().length;
        long timeout = plugin.conf().getTimeAsSeconds("spark.barrier.sync.timeout", "365d");
        long started = System.nanoTime();
        String unsaid = words;
        while (true) {
            Gathering.Answer answer = ask(plugin, new Gathering.Question(stage, context.partitionId(), ranks, unsaid));
            if (answer.missing().isEmpty()) {
                return answer.words();
            }
            unsaid = null;
            long waited = System.nanoTime() - started;
            if (waited > TimeUnit.SECONDS.toNanos(timeout)) {
                throw new PeerFailure("Ranks " + answer.missing() + " of " + ranks + " did not come within " + timeout
                        + " s (spark.barrier.sync.timeout)");
            }
            pause(context, waited);
        }
    }

    private static Gathering.Answer ask(PluginContext plugin, Gathering.Question question) {
        try {
            return JSON.readValue((String) plugin.ask(JSON.writeValueAsString(question)), Gathering.Answer.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read what the driver says", e);
        } catch (Exception e) {
            // Scala declares nothing; what comes of a driver that is gone differs between Spark's versions.
            throw new PeerFailure("Cannot reach the driver: " + e, e);
        }
    }

    /** The longer it takes, the less often all ask. */
    private static void pause(BarrierTaskContext context, long waitedNanos) {
        long millis = TimeUnit.NANOSECONDS.toMillis(waitedNanos) / 8;
        try {
            Thread.sleep(Math.min(LONGEST_PAUSE_MILLIS, Math.max(FIRST_PAUSE_MILLIS, millis)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerFailure("stopped by the driver", e);
        }
        if (context.isInterrupted()) {
            throw new PeerFailure("stopped by the driver");
        }
    }

    @Override
    public DriverPlugin driverPlugin() {
        Gathering gathering = new Gathering();
        return new DriverPlugin() {
            @Override
            public Map<String, String> init(SparkContext context, PluginContext pluginContext) {
                return Map.of();
            }

            @Override
            public Object receive(Object message) {
                try {
                    return JSON.writeValueAsString(
                            gathering.answer(JSON.readValue((String) message, Gathering.Question.class)));
                } catch (JsonProcessingException e) {
                    throw new IllegalStateException("Cannot read what a task says", e);
                }
            }
        };
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new ExecutorPlugin() {
            @Override
            public void init(PluginContext context, Map<String, String> extra) {
                executor = context;
                WarmUp.start();
            }

            @Override
            public void shutdown() {
                executor = null;
            }
        };
    }
}
