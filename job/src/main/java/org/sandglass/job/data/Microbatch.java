package org.sandglass.job.data;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.LevelImages;

/**
 * What one worker trains on in one iteration, decoded and transformed; may be empty. Valid until the next call of
 * {@link ShardIterator#next}, which reuses the images' memory.
 *
 * @param iteration of the epoch, from 0; in an evaluation the number of the batch in its task
 * @param worker of the run; 0 in an evaluation
 * @param count the number of samples
 * @param images count × channels × height × width, position 0, limit at the end; empty where there are levels
 * @param levels at least count of them, where a device makes numbers of levels
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
        Optional<LevelImages> levels,
        int[] labels,
        long[] ids,
        List<String> paths,
        long[] skippedIds) {

    /** Sets an executable's input, of count images. */
    public void loadInto(Executable executable) {
        levels.map(all -> all.first(count))
                .ifPresentOrElse(first -> executable.load(first, labels), () -> executable.load(images, labels));
    }
}
