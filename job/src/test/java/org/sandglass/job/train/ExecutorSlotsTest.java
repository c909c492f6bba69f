package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
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
        ExecutorSlots.forgetShortage();
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
    void shouldGiveUpAfterTheTimeoutWhateverExecutorsComeAndGo() {
        Duration timeout = Duration.ofMillis(1500);
        remove("two");
        long lost = System.nanoTime();
        assertThat(ExecutorSlots.isShortSince(conf, others + 7, timeout)).isFalse();
        CompletableFuture<Integer> found =
                CompletableFuture.supplyAsync(() -> ExecutorSlots.awaitReplacement(conf, others + 7, timeout));

        // Each of them too small to be a replacement, and soon gone.
        while (!found.isDone() && System.nanoTime() - lost < LONG.toNanos()) {
            add("four", 2);
            remove("four");
            LockSupport.parkNanos(10_000_000);
        }

        assertThat(found).isCompletedWithValueMatching(slots -> slots <= others + 5);
        // Both clocks count in milliseconds, one of them whole ones.
        assertThat(Duration.ofNanos(System.nanoTime() - lost))
                .isBetween(timeout.minusMillis(2), timeout.multipliedBy(10));
        assertThat(ExecutorSlots.isShortSince(conf, others + 7, timeout)).isTrue();
        ExecutorSlots.forgetShortage();
        assertThat(ExecutorSlots.isShortSince(conf, others + 7, timeout)).isFalse();
    }

    @Test
    void shouldCountAnewAfterSlotsWereEnough() {
        remove("two");
        assertThat(ExecutorSlots.isShortSince(conf, others + 6, Duration.ZERO)).isTrue();
        assertThat(ExecutorSlots.isShortSince(conf, others + 4, Duration.ZERO)).isFalse();
        assertThat(ExecutorSlots.isShortSince(conf, others + 6, LONG)).isFalse();
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
