package org.sandglass.job.train;

import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.image.RgbImage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads native libraries while an executor starts, beside what Spark does then: the gang waits for an executor that replaces
 * a lost one.
 */
final class WarmUp {

    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    private static final int SIDE = 8;

    private WarmUp() {}

    static void start() {
        Thread thread = new Thread(WarmUp::run, "sandglass-warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    private static void run() {
        try (CpuDevice device = CpuDevice.open(1)) {
            device.allocate(SIDE).close();
            ImageDecoder.decode(ImageEncoder.jpeg(new RgbImage(SIDE, SIDE, new byte[SIDE * SIDE * 3]), 90));
        } catch (ImageFormatException | RuntimeException | LinkageError e) {
            // Whoever needs the libraries will say so.
            LOG.debug("Cannot warm up", e);
        }
    }
}
