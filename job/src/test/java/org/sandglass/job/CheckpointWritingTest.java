package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.TaskContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Epochs' checkpoints are written while training goes on: what becomes of a run when that fails. */
@Tag("spark")
class CheckpointWritingTest {

    private static final Map<String, String> PROPERTIES = Map.of(
            "spark.master",
            "local[2]",
            "spark.ui.enabled",
            "false",
            "spark.hadoop.fs.flaky.impl",
            FlakyFileSystem.class.getName(),
            "spark.plugins",
            PatientPlugin.class.getName());
    private static final AtomicInteger FAILURES = new AtomicInteger();
    private static final AtomicBoolean FORGET = new AtomicBoolean();
    private static final AtomicBoolean HOLD = new AtomicBoolean();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final CountDownLatch HELD = new CountDownLatch(1);

    @TempDir
    private static Path directory;

    @BeforeAll
    static void prepare() {
        PROPERTIES.forEach(System::setProperty);
        run("prepare", "generated", "--train", "48", "--test", "4", "--out", directory.resolve("data"));
    }

    @AfterAll
    static void restoreProperties() {
        PROPERTIES.keySet().forEach(System::clearProperty);
    }

    @Test
    void shouldCancelAnEpochToWriteTheCheckpointBeforeItAgain() throws IOException {
        assertThat(train("undisturbed", 0)).isEmpty();

        HOLD.set(true);
        assertThat(train("flaky", 2)).isEmpty();

        assertThat(HOLD.get()).isFalse();
        assertThat(FAILURES.get()).isNegative();
        assertThat(directory.resolve("flaky/checkpoints/00001/manifest.json")).exists();
        assertThat(directory.resolve("flaky/checkpoints/00002/manifest.json")).exists();
        assertThat(directory.resolve("flaky/restarts.jsonl")).content().contains("\"kind\":\"stage\"");
        JsonNode summary = summary("flaky");
        assertThat(summary.get("status").asText()).isEqualTo("finished");
        assertThat(summary.get("restarts").asInt()).isPositive();
        assertThat(summary.get("weightsSha256"))
                .isEqualTo(summary("undisturbed").get("weightsSha256"));
        assertThat(Files.readString(directory.resolve("flaky/ledger.jsonl")))
                .isEqualTo(Files.readString(directory.resolve("undisturbed/ledger.jsonl")));
    }

    @Test
    void shouldWriteTheLastCheckpointAgainThatCouldNotBeWritten() throws IOException {
        assertThat(train("steady", 0, 1)).isEmpty();

        assertThat(train("last", 2, 1)).isEmpty();

        assertThat(FAILURES.get()).isNegative();
        assertThat(summary("last").get("restarts").asInt()).isPositive();
        assertThat(summary("last").get("weightsSha256"))
                .isEqualTo(summary("steady").get("weightsSha256"));
    }

    @Test
    void shouldEndWithTheReasonWhereCheckpointsCannotBeWritten() throws IOException {
        assertThat(train("broken", Integer.MAX_VALUE))
                .contains("gave up after 2 restarts", "Cannot write checkpoint", "no space left, says this test");
        assertThat(summary("broken").get("status").asText()).isEqualTo("failed");
        assertThat(directory.resolve("broken/checkpoints/00001/manifest.json")).doesNotExist();
    }

    @Test
    void shouldGoBackWhereTheStateIsGoneBeforeItIsWritten() throws IOException {
        assertThat(train("single", 0, 1)).isEmpty();

        FORGET.set(true);
        assertThat(train("forgotten", 1, 1)).isEmpty();

        assertThat(FORGET.get()).isFalse();
        assertThat(directory.resolve("forgotten/restarts.jsonl")).content().contains("the state after epoch 1 is lost");
        assertThat(directory.resolve("forgotten/checkpoints/00001/manifest.json"))
                .exists();
        assertThat(summary("forgotten").get("ledgerViolations").asInt()).isZero();
        assertThat(summary("forgotten").get("weightsSha256"))
                .isEqualTo(summary("single").get("weightsSha256"));
    }

    private static String train(String run, int failures) {
        return train(run, failures, 2);
    }

    /** What a training said on standard error, nothing if it ended well. */
    private static String train(String run, int failures, int epochs) {
        FAILURES.set(failures);
        return run(
                "train",
                "--data",
                directory.resolve("data/train"),
                "--run",
                "flaky:" + directory.resolve(run),
                "--set",
                "model.name=cifar-resnet8",
                "--set",
                "training.workers=2",
                "--set",
                "training.perWorkerBatchSize=4",
                "--set",
                "training.epochs=" + epochs,
                "--set",
                "failure.maxRestarts=2",
                "--set",
                "failure.backoff=0s");
    }

    private static String run(Object... arguments) {
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        StringWriter error = new StringWriter();
        int code = Sandglass.run(words, new PrintWriter(new StringWriter()), new PrintWriter(error, true));
        return code == 0 ? "" : error.toString();
    }

    private static JsonNode summary(String run) throws IOException {
        return new ObjectMapper()
                .readTree(directory.resolve(run).resolve("summary.json").toFile());
    }

    /** What an executor has in memory, as if it had been replaced. */
    private static void forgetWorkers() {
        try {
            Class<?> pool = Class.forName("org.sandglass.job.train.WorkerPool");
            Field workers = pool.getDeclaredField("WORKERS");
            workers.setAccessible(true);
            synchronized (pool) {
                ((List<?>) workers.get(null)).clear();
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Holds the second epoch's tasks back until they are killed, on the one occasion that a test asks for, and the failure of
     * the first one's checkpoint until they are held: otherwise the failure may come before such short tasks, or after.
     */
    public static final class PatientPlugin implements SparkPlugin {

        @Override
        public @Nullable DriverPlugin driverPlugin() {
            return null;
        }

        @Override
        public ExecutorPlugin executorPlugin() {
            return new ExecutorPlugin() {
                @Override
                public void onTaskStart() {
                    TaskContext task = TaskContext.get();
                    String job = String.valueOf(task.getLocalProperty("spark.job.description"));
                    if (!HOLD.get() || !job.startsWith("epoch 2 of 2: train")) {
                        return;
                    }
                    HELD.countDown();
                    long start = System.nanoTime();
                    while (!task.isInterrupted() && System.nanoTime() - start < PATIENCE.toNanos()) {
                        LockSupport.parkNanos(1_000_000);
                    }
                    HOLD.compareAndSet(true, !task.isInterrupted());
                }
            };
        }
    }

    /** The local file system, which refuses to create momentum's files as often as a test says. */
    public static final class FlakyFileSystem extends RawLocalFileSystem {
        @Override
        public URI getUri() {
            return URI.create("flaky:///");
        }

        @Override
        public FSDataOutputStream create(
                org.apache.hadoop.fs.Path path,
                boolean overwrite,
                int bufferSize,
                short replication,
                long blockSize,
                Progressable progress)
                throws IOException {
            if (path.getName().equals("optimizer.safetensors") && FAILURES.getAndDecrement() > 0) {
                if (FORGET.getAndSet(false)) {
                    forgetWorkers();
                }
                if (HOLD.get()) {
                    awaitHeldTasks();
                }
                throw new IOException("no space left, says this test");
            }
            return super.create(path, overwrite, bufferSize, replication, blockSize, progress);
        }

        private static void awaitHeldTasks() throws InterruptedIOException {
            try {
                HELD.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new InterruptedIOException(e.getMessage());
            }
        }
    }
}
