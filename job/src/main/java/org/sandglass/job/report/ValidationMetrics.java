package org.sandglass.job.report;

/** The network on the validation set: mean loss, and errors in percent. */
public record ValidationMetrics(long samples, double loss, double top1Error, double top5Error) {}
