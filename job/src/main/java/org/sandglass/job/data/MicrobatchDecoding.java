package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageBuffers;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.image.ImageTransform;

/**
 * One microbatch on its way from encoded samples to images. Several threads take slots from it; what they make of a
 * slot depends on the sample alone, so that the outcome does not depend on their timing.
 */
final class MicrobatchDecoding {

    private static final long POLL_MILLIS = 100;

    private final SampleFeed feed;
    private final SampleFeed.Draft draft;
    private final ImageTransform transform;
    private final ImageMemory images;
    private final @Nullable ImageFormatException[] corrupt;
    private final AtomicInteger nextSlot = new AtomicInteger();
    private final CountDownLatch undone;
    private volatile @Nullable Throwable unexpected;

    MicrobatchDecoding(SampleFeed feed, SampleFeed.Draft draft, ImageTransform transform, ImageMemory images) {
        int count = draft.samples().size();
        this.feed = feed;
        this.draft = draft;
        this.transform = transform;
        this.images = images;
        this.corrupt = new ImageFormatException[count];
        this.undone = new CountDownLatch(count);
    }

    void start(DecodingPool pool) {
        for (int i = 0; i < Math.min(pool.threads(), draft.samples().size()); i++) {
            pool.execute(this::decodeSlots);
        }
    }

    ImageMemory images() {
        return images;
    }

    /**
     * Waits until every image is decoded.
     *
     * @throws JobFailure (data) for the first corrupt image, unless those are skipped
     */
    Microbatch await(ShardOptions options, BooleanSupplier closed) throws InterruptedException {
        while (!undone.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            if (closed.getAsBoolean()) {
                throw new IllegalStateException("Cannot wait for images: closed");
            }
        }
        if (unexpected != null) {
            throw new IllegalStateException(
                    "Cannot decode images of iteration " + draft.iteration() + ", worker " + draft.worker(),
                    unexpected);
        }
        int count = draft.samples().size();
        int[] labels = new int[count];
        long[] ids = new long[count];
        List<String> paths = new ArrayList<>(count);
        long[] skipped = new long[count];
        int kept = 0;
        for (int slot = 0; slot < count; slot++) {
            EncodedSample sample = draft.samples().get(slot);
            ImageFormatException reason = corrupt[slot];
            if (reason != null) {
                if (!options.skipCorrupt()) {
                    throw corruptImage(sample, reason, options.locator());
                }
                skipped[slot - kept] = sample.id();
                continue;
            }
            if (kept < slot) {
                images.move(slot, kept);
            }
            labels[kept] = sample.label();
            ids[kept] = sample.id();
            paths.add(sample.path());
            kept++;
        }
        return new Microbatch(
                draft.iteration(),
                draft.worker(),
                kept,
                images.numbers(kept),
                images.levels(),
                Arrays.copyOf(labels, kept),
                Arrays.copyOf(ids, kept),
                List.copyOf(paths),
                Arrays.copyOf(skipped, count - kept));
    }

    private void decodeSlots(ImageBuffers buffers) {
        int slot = nextSlot.getAndIncrement();
        while (slot < corrupt.length) {
            try {
                decode(slot, buffers);
            } catch (ImageFormatException e) {
                corrupt[slot] = e;
            } catch (Throwable e) {
                unexpected = e;
            } finally {
                undone.countDown();
            }
            slot = Thread.currentThread().isInterrupted() ? corrupt.length : nextSlot.getAndIncrement();
        }
    }

    private void decode(int slot, ImageBuffers buffers) throws ImageFormatException {
        EncodedSample sample = draft.samples().get(slot);
        images.decode(slot, transform, sample.image(), feed.random(sample.id()), buffers);
    }

    private static JobFailure corruptImage(EncodedSample sample, ImageFormatException reason, SampleLocator locator) {
        String path = sample.path().isEmpty() ? "" : " (" + sample.path() + ")";
        return JobFailure.data(
                "Cannot decode image: %s, sample %d%s: %s; to leave corrupt images out set failure.corruptImage = skip"
                        .formatted(locator.describe(sample.id()), sample.id(), path, reason.getMessage()),
                reason);
    }
}
