package org.sandglass.job.train;

import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;

/**
 * What a user asks of {@link Training}.
 *
 * @param data URI of the training table
 * @param validation URI of the validation table, if there is one
 * @param run URI of the run directory
 */
public record TrainRequest(
        Recipe recipe, String data, @Nullable String validation, String run) {}
