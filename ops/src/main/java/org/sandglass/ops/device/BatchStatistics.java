package org.sandglass.ops.device;

/**
 * The mean and the variance that one batch norm keeps per channel.
 *
 * @param name torchvision's prefix, for example {@code layer1.0.bn1}: its tensors are {@code .running_mean} and
 *     {@code .running_var}
 */
public record BatchStatistics(String name, int channels) {}
