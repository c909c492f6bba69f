package org.sandglass.job.train;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.checkpoint.StoredFile;

/**
 * What became of the files of a checkpoint that an executor wrote.
 *
 * @param epoch completed
 * @param attempt the stage's that trained the epoch's end, or wrote it again
 * @param weightsSha256 of the model's tensors; null if there was a problem
 * @param files none if there was a problem
 * @param problem why they could not be written; null if they were
 */
record WrittenCheckpoint(
        int epoch,
        long attempt,
        @Nullable String weightsSha256,
        List<StoredFile> files,
        @Nullable String problem) {}
