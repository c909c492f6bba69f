package org.sandglass.job.config;

import java.util.OptionalInt;

/**
 * When checkpoints are written and how many stay. The last epoch's is always written.
 *
 * @param every epochs between checkpoints
 * @param keep newest checkpoints that stay; 0 keeps all
 * @param everyIterations iterations between snapshots within an epoch; 0 for none, empty for one about every minute
 */
public record CheckpointSettings(int every, int keep, OptionalInt everyIterations) {}
