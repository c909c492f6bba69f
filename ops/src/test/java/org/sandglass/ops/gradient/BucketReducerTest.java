package org.sandglass.ops.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.collective.PendingOperation;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.Parameter;

class BucketReducerTest {

    private final FlatLayout layout = SmallNetwork.layout();

    static Stream<Arguments> plans() {
        return Stream.of(true, false).flatMap(overlap -> LongStream.of(1, 4 << 10, 64 << 10, Long.MAX_VALUE)
                .mapToObj(bucketBytes -> Arguments.of(overlap, bucketBytes)));
    }

    @ParameterizedTest(name = "overlap {0}, buckets of {1} bytes")
    @MethodSource("plans")
    void shouldSumTheWholeVectorOverAllRanks(boolean overlap, long bucketBytes) {
        List<Communicator> group = InProcess.group(3);
        List<FloatBuffer> vectors = new ArrayList<>();
        List<BucketReducer> reducers = new ArrayList<>();
        for (Communicator communicator : group) {
            FloatBuffer vector = vector();
            vectors.add(vector);
            reducers.add(new BucketReducer(
                    communicator, HostMirror.of(vector), layout, BucketPlan.of(layout, bucketBytes), overlap));
        }
        for (int iteration = 1; iteration <= 2; iteration++) {
            for (int rank = 0; rank < 3; rank++) {
                fill(vectors.get(rank), rank + iteration);
            }
            if (overlap) {
                reducers.forEach(this::backward);
                reducers.forEach(BucketReducer::finish);
            } else {
                finishTogether(reducers);
            }
            for (FloatBuffer sum : vectors) {
                for (int i = 0; i < sum.capacity(); i++) {
                    assertThat(sum.get(i)).isEqualTo((i % 97) * (3 + 3f * iteration));
                }
            }
        }
    }

    @ParameterizedTest(name = "overlap {0}, buckets of {1} bytes")
    @MethodSource("plans")
    void shouldHandOverInThePlansOrder(boolean overlap, long bucketBytes) {
        Recorder recorder = new Recorder(false);
        BucketPlan plan = BucketPlan.of(layout, bucketBytes);
        BucketReducer reducer = new BucketReducer(recorder, recorder.mirror(vector(), plan), layout, plan, overlap);
        backward(reducer);
        int early = recorder.lengths.size();
        assertThat(reducer.finish()).isNotNegative();

        assertThat(early).isEqualTo(overlap ? plan.buckets().size() : 0);
        assertThat(recorder.lengths)
                .containsExactlyElementsOf(
                        plan.buckets().stream().map(GradientBucket::length).toList());
        assertThat(recorder.awaited).isEqualTo(recorder.lengths.size());
        assertThat(recorder.stored).isEqualTo(plan.buckets());
    }

    @ParameterizedTest(name = "overlap {0}, buckets of {1} bytes")
    @MethodSource("plans")
    void shouldShowABucketAsSoonAsItIsSummedAndNotBefore(boolean overlap, long bucketBytes) {
        Recorder recorder = new Recorder(false);
        BucketPlan plan = BucketPlan.of(layout, bucketBytes);
        BucketReducer reducer = new BucketReducer(recorder, recorder.mirror(vector(), plan), layout, plan, overlap);
        backward(reducer);
        List<GradientBucket> shown = new ArrayList<>();
        reducer.finish(Device.Event.DONE, bucket -> {
            shown.add(bucket);
            assertThat(recorder.awaited).isEqualTo(shown.size());
            assertThat(recorder.stored).isEqualTo(shown);
        });
        assertThat(shown).isEqualTo(plan.buckets());
    }

    @Test
    void shouldHandOverABucketAtItsLastGradientAndNotBefore() {
        Recorder recorder = new Recorder(false);
        BucketPlan plan = BucketPlan.of(layout, 4 << 10);
        BucketReducer reducer = new BucketReducer(recorder, recorder.mirror(vector(), plan), layout, plan, true);
        reducer.begin();
        assertThat(recorder.lengths).isEmpty();
        reducer.statisticsReady();
        int ready = 0;
        for (Parameter parameter : layout.parameters()) {
            reducer.gradientReady(parameter);
            int complete = ++ready;
            assertThat(recorder.lengths).hasSize((int) plan.buckets().stream()
                    .filter(bucket -> bucket.parameters() <= complete)
                    .count());
        }
        reducer.finish();
    }

    /** Backward is queued in a moment and runs for long: who queues it must not wait for it. */
    @Test
    void shouldNotWaitForTheDeviceBeforeFinishing() {
        Recorder recorder = new Recorder(true);
        BucketPlan plan = BucketPlan.of(layout, 4 << 10);
        BucketReducer reducer = new BucketReducer(recorder, recorder.mirror(vector(), plan), layout, plan, true);
        backward(reducer);

        assertThat(recorder.fetched).isEqualTo(plan.buckets().size());
        assertThat(recorder.come).isZero();
        assertThat(recorder.lengths).isEmpty();
        reducer.finish();
        assertThat(recorder.stored).isEqualTo(plan.buckets());
    }

    /** GPUs sum among themselves on the way to the host, which is waiting for sums where backward is done. */
    @ParameterizedTest(name = "backward done {0}")
    @ValueSource(booleans = {true, false})
    void shouldCountTheDevicesOwnSumsAndNotBackward(boolean done) {
        long nanos = 100_000_000;
        HostMirror slow = mirrorWhoseRangesTake(nanos, vector());
        BucketReducer reducer =
                new BucketReducer(InProcess.single(), slow, layout, BucketPlan.of(layout, Long.MAX_VALUE), false);
        backward(reducer);

        long waited = reducer.finish(done ? Device.Event.DONE : eventAfter(Long.MAX_VALUE), bucket -> {});

        assertThat(waited > nanos / 2).as("waited %s ns", waited).isEqualTo(done);
    }

    private static HostMirror mirrorWhoseRangesTake(long nanos, FloatBuffer memory) {
        return new HostMirror() {
            @Override
            public FloatBuffer floats() {
                return memory;
            }

            @Override
            public Device.Event fetch(long offset, long length) {
                return eventAfter(nanos);
            }

            @Override
            public void store(long offset, long length) {}

            @Override
            public void close() {}
        };
    }

    private static Device.Event eventAfter(long nanos) {
        long start = System.nanoTime();
        return new Device.Event() {
            @Override
            public void await() {
                while (!isDone()) {
                    Thread.onSpinWait();
                }
            }

            @Override
            public boolean isDone() {
                return System.nanoTime() - start > nanos;
            }
        };
    }

    @ParameterizedTest(name = "overlap {0}, buckets of {1} bytes")
    @MethodSource("plans")
    void shouldTakePartWithoutAGradientOfItsOwn(boolean overlap, long bucketBytes) {
        Recorder recorder = new Recorder(false);
        BucketPlan plan = BucketPlan.of(layout, bucketBytes);
        BucketReducer reducer = new BucketReducer(recorder, recorder.mirror(vector(), plan), layout, plan, overlap);
        reducer.begin();
        reducer.finish();
        assertThat(recorder.lengths).hasSize(plan.buckets().size());
    }

    @Test
    void shouldRefuseToBeMisused() {
        BucketReducer reducer =
                new BucketReducer(InProcess.single(), HostMirror.of(vector()), layout, BucketPlan.of(layout, 1), true);
        Parameter first = layout.parameters().get(0);
        Parameter second = layout.parameters().get(1);

        assertRefused(() -> reducer.gradientReady(first), "no iteration has begun");
        assertRefused(reducer::statisticsReady, "no iteration has begun");
        assertRefused(reducer::finish, "no iteration has begun");
        reducer.begin();
        assertRefused(reducer::begin, "the last one is not finished");
        assertRefused(() -> reducer.gradientReady(first), "counters and statistics come first");
        reducer.statisticsReady();
        assertRefused(() -> reducer.gradientReady(second), "it is fc.bias's turn");
        reducer.gradientReady(first);
        assertRefused(() -> reducer.gradientReady(first), "it is fc.weight's turn");
        assertRefused(reducer::finish, "the gradient of fc.weight is missing");
        layout.parameters().stream().skip(1).forEach(reducer::gradientReady);
        assertRefused(() -> reducer.gradientReady(first), "one too many");
        reducer.finish();
    }

    @Test
    void shouldRefuseAVectorOfAnotherLength() {
        assertThatThrownBy(() -> new BucketReducer(
                        InProcess.single(), HostMirror.of(vector().limit(10)), layout, BucketPlan.of(layout, 1), true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the vector 10");
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String reason) {
        assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContaining(reason);
    }

    private void backward(BucketReducer reducer) {
        reducer.begin();
        reducer.statisticsReady();
        layout.parameters().forEach(reducer::gradientReady);
    }

    private void finishTogether(List<BucketReducer> reducers) {
        List<Thread> threads = new ArrayList<>();
        for (BucketReducer reducer : reducers) {
            backward(reducer);
            threads.add(new Thread(reducer::finish));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException cause) {
                throw new IllegalStateException(cause);
            }
        }
    }

    private FloatBuffer vector() {
        return ByteBuffer.allocateDirect((int) layout.gradientLength() * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    private static void fill(FloatBuffer vector, int factor) {
        for (int i = 0; i < vector.capacity(); i++) {
            vector.put(i, (i % 97) * factor);
        }
    }

    /** Notes what is handed over, that it has come from the device by then, and what goes back. */
    private static final class Recorder implements Communicator {
        private final List<Long> lengths = new ArrayList<>();
        private final List<GradientBucket> stored = new ArrayList<>();
        private final boolean late;
        private int fetched;
        private int come;
        private int awaited;

        /** @param late whether nothing comes from the device before it is awaited */
        Recorder(boolean late) {
            this.late = late;
        }

        HostMirror mirror(FloatBuffer vector, BucketPlan plan) {
            return new HostMirror() {
                @Override
                public FloatBuffer floats() {
                    return vector;
                }

                @Override
                public Device.Event fetch(long offset, long length) {
                    GradientBucket bucket = plan.buckets().get(fetched);
                    assertThat(offset).isEqualTo(bucket.offset());
                    assertThat(length).isEqualTo(bucket.length());
                    int number = ++fetched;
                    return new Device.Event() {
                        @Override
                        public void await() {
                            come = Math.max(come, number);
                        }

                        @Override
                        public boolean isDone() {
                            if (!late) {
                                await();
                            }
                            return come >= number;
                        }
                    };
                }

                @Override
                public void store(long offset, long length) {
                    GradientBucket bucket = plan.buckets().get(stored.size());
                    assertThat(offset).isEqualTo(bucket.offset());
                    assertThat(length).isEqualTo(bucket.length());
                    stored.add(bucket);
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int worldSize() {
            return 1;
        }

        @Override
        public PendingOperation allReduce(FloatBuffer buffer) {
            assertThat(come).isGreaterThan(lengths.size());
            lengths.add((long) buffer.remaining());
            return new PendingOperation() {
                @Override
                public boolean done() {
                    return false;
                }

                @Override
                public void await() {
                    awaited++;
                }
            };
        }

        @Override
        public PendingOperation reduceScatter(FloatBuffer buffer) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PendingOperation allGather(FloatBuffer buffer) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PendingOperation broadcast(ByteBuffer buffer, int root) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void barrier() {}

        @Override
        public Optional<String> loss() {
            return Optional.empty();
        }

        @Override
        public void close() {}
    }
}
