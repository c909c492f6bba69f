package org.sandglass.ops.device;

/**
 * What a microbatch came to.
 *
 * @param lossSum sum, not mean, of the samples' cross-entropies in nats
 * @param top1 samples whose label has the largest logit; of equal logits the one of lower class index wins
 * @param top5 samples whose label is among the five largest logits (of fewer classes: among all)
 */
public record BatchResult(double lossSum, int top1, int top5) {}
