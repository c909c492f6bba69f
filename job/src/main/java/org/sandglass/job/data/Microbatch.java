package org.sandglass.job.data;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * What one worker trains on in one iteration, decoded and transformed; may be empty. Valid until the next call of
 * {@link ShardIterator#next}, which reuses the images' memory.
 *
 * @param iteration of the epoch, from 0; in an evaluation the number of the batch in its task
 * @param worker of the run; 0 in an evaluation
 * @param count the number of samples
 * @param images count × channels × height × width, position 0, limit at the end
 * @param labels of length count
 * @param ids of length count
 * @param paths of length count: where the table says the image came from, or empty strings
 * @param skippedIds the corrupt ones that should have been here
 */
@SuppressWarnings("ArrayRecordComponent") // a view of recycled memory: never compared
public record Microbatch(
        long iteration,
        int worker,
        int count,
        FloatBuffer images,
        int[] labels,
        long[] ids,
        List<String> paths,
        long[] skippedIds) {}
