package org.sandglass.job.config;

/**
 * When checkpoints are written and how many stay. The last epoch's is always written.
 *
 * @param every epochs between checkpoints
 * @param keep newest checkpoints that stay; 0 keeps all
 */
public record CheckpointSettings(int every, int keep) {}
