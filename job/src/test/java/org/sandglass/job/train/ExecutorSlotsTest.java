package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.cluster.ExecutorInfo;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExecutorSlotsTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private final SparkConf conf = new SparkConf(false).set("spark.task.cpus", "2");
    private final ExecutorSlots slots = new ExecutorSlots();

    /** Slots of a session that another test in this process has left running. */
    private final int others = ExecutorSlots.now(conf);

    @BeforeEach
    void addThreeExecutors() {
        add("one", 4);
        add("two", 4);
        add("three", 5);
    }

    @AfterEach
    void removeAll() {
        for (String id : new String[] {"one", "two", "three", "four"}) {
            remove(id);
        }
    }

    @Test
    void shouldForgetTheExecutorsOfAnApplicationThatHasEnded() {
        slots.onApplicationEnd(new SparkListenerApplicationEnd(System.currentTimeMillis()));
        assertThat(ExecutorSlots.now(conf)).isZero();
    }

    @Test
    void shouldNotWaitWhereNothingIsMissing() {
        assertThat(ExecutorSlots.awaitReplacement(conf, others + 6, LONG)).isEqualTo(others + 6);
    }

    @Test
    void shouldWaitForAReplacementAndNoLonger() {
        remove("two");
        CompletableFuture<Integer> found =
                CompletableFuture.supplyAsync(() -> ExecutorSlots.awaitReplacement(conf, others + 6, LONG));
        Awaitility.await()
                .during(Duration.ofMillis(300))
                .atMost(Duration.ofSeconds(10))
                .until(() -> !found.isDone());

        add("four", 4);

        assertThat(found).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(others + 6);
    }

    @Test
    void shouldGiveUpOnlyWhenNothingHasChangedForAsLongAsTheTimeout() {
        Duration timeout = Duration.ofMillis(600);
        remove("two");
        remove("three");
        long lost = System.nanoTime();
        assertThat(ExecutorSlots.isShortSince(conf, others + 6, timeout)).isFalse();
        CompletableFuture<Integer> found =
                CompletableFuture.supplyAsync(() -> ExecutorSlots.awaitReplacement(conf, others + 6, timeout));
        Awaitility.await().until(() -> System.nanoTime() - lost > timeout.toNanos() / 2);
        add("four", 2);
        long changed = System.nanoTime();

        assertThat(found).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(others + 3);
        // Both clocks count in milliseconds, one of them whole ones.
        assertThat(Duration.ofNanos(System.nanoTime() - changed)).isGreaterThan(timeout.minusMillis(2));
        assertThat(ExecutorSlots.isShortSince(conf, others + 6, timeout)).isTrue();
        assertThat(ExecutorSlots.isShortSince(conf, others + 3, timeout)).isFalse();
    }

    private void add(String id, int cores) {
        slots.onExecutorAdded(new SparkListenerExecutorAdded(
                System.currentTimeMillis(), id, new ExecutorInfo("host", cores, scala(), scala())));
    }

    private void remove(String id) {
        slots.onExecutorRemoved(new SparkListenerExecutorRemoved(System.currentTimeMillis(), id, "lost"));
    }

    private static scala.collection.immutable.Map<String, String> scala() {
        return scala.collection.immutable.Map$.MODULE$.empty();
    }
}
