package org.sandglass.job.report;

import java.util.List;
import java.util.Locale;

/** What TensorBoard is told of an epoch: a file of its own for each epoch, whose names sort in order. */
final class TensorBoardScalars {

    private TensorBoardScalars() {}

    static String fileName(int epoch) {
        return String.format(Locale.ROOT, "tensorboard/events.out.tfevents.%06d.sandglass", epoch);
    }

    /**
     * The epoch's event file. Wall times are counted back from the epoch's end.
     *
     * @param end seconds since 1970
     */
    static byte[] of(List<IterationMetrics> iterations, EpochMetrics epoch, double end) {
        double time =
                end - iterations.stream().mapToDouble(IterationMetrics::seconds).sum();
        TensorBoardEvents events = new TensorBoardEvents(time);
        long step = 0;
        for (IterationMetrics metrics : iterations) {
            time += metrics.seconds();
            step = metrics.iteration();
            events.scalar(time, step, "training/loss", metrics.loss());
            events.scalar(time, step, "training/top1_error", metrics.top1Error());
            events.scalar(time, step, "training/learning_rate", metrics.learningRate());
            events.scalar(time, step, "speed/images_per_second", metrics.imagesPerSecond());
            events.scalar(time, step, "speed/exposed_communication", metrics.exposedCommunication());
        }
        events.scalar(end, epoch.epoch(), "epoch/training_loss", epoch.trainLoss());
        events.scalar(end, epoch.epoch(), "epoch/training_top1_error", epoch.trainTop1Error());
        ValidationMetrics validation = epoch.validation();
        if (validation != null) {
            events.scalar(end, step, "validation/loss", validation.loss());
            events.scalar(end, step, "validation/top1_error", validation.top1Error());
            events.scalar(end, step, "validation/top5_error", validation.top5Error());
        }
        return events.bytes();
    }
}
