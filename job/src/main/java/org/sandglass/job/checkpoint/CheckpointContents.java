package org.sandglass.job.checkpoint;

import java.util.Map;
import org.sandglass.ops.tensor.NamedTensor;

/** The tensors of a checkpoint by name, all of them as they were written. */
public record CheckpointContents(Map<String, NamedTensor> model, Map<String, NamedTensor> optimizer) {}
