package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The images of one task, and so of one file.
 *
 * @param labels one per image
 */
@SuppressWarnings("ArrayRecordComponent") // 1.3 million boxed labels would cost more than the images' names
record ImageGroup(List<ImageReference> images, int[] labels) implements Serializable {

    private static final long TARGET_BYTES = 128L << 20;

    /** Neighbours together, about equal bytes each. */
    static List<ImageGroup> of(List<ImageReference> images, int[] labels, int parallelism) {
        long bytes = images.stream().mapToLong(ImageReference::length).sum();
        long groups = Math.min(images.size(), Math.max(parallelism, (bytes + TARGET_BYTES - 1) / TARGET_BYTES));
        List<ImageGroup> result = new ArrayList<>();
        long passed = 0;
        int start = 0;
        for (int i = 0; i < images.size(); i++) {
            passed += images.get(i).length();
            boolean last = i + 1 == images.size();
            if (last || passed >= bytes * (result.size() + 1) / groups) {
                result.add(new ImageGroup(
                        new ArrayList<>(images.subList(start, i + 1)), Arrays.copyOfRange(labels, start, i + 1)));
                start = i + 1;
            }
        }
        return result;
    }
}
