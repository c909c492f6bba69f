package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;

/**
 * Makes a table of square PNGs of noise, all of about the same size in bytes: for measuring how samples travel, since
 * noise does not shrink on the way. Nothing can be learnt from it.
 */
public final class NoiseImages {

    private static final int CLASSES = 10;

    /** What a PNG takes beside its pixels, about. */
    private static final int FRAME_BYTES = 67;

    /**
     * What to make.
     *
     * @param images number of rows
     * @param bytesPerImage what an encoded image takes, about; a PNG cannot be smaller than some 70 bytes
     * @param files that the rows are dealt to; more where those would be larger than a prepared table's
     */
    public record Options(String out, long images, int bytesPerImage, int files, long seed) implements Serializable {

        /** @throws JobFailure (usage) if there is nothing to make */
        public Options {
            if (images < 1 || bytesPerImage < 1 || files < 1 || files > images) {
                throw JobFailure.usage("Cannot make noise: images=%d bytes=%d files=%d: all must be positive, and"
                                .formatted(images, bytesPerImage, files)
                        + " every file needs an image");
            }
        }

        int side() {
            double pixels = Math.max(1, bytesPerImage - FRAME_BYTES) / (double) RgbImage.CHANNELS;
            return (int) Math.max(1, Math.round(Math.sqrt(pixels)));
        }
    }

    private record Block(long from, long to) implements Serializable {}

    private NoiseImages() {}

    /**
     * Makes the images.
     *
     * @throws JobFailure (usage) if a table is there already
     */
    public static ImportResult run(SparkSession spark, Options options, ImportProgress progress) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TableTarget target = new TableTarget(hadoop, options.out());
        target.requireFree();
        List<Block> blocks = IntStream.range(0, options.files())
                .mapToObj(file -> new Block(
                        options.images() * file / options.files(), options.images() * (file + 1) / options.files()))
                .toList();
        TableWriter.Amount amount =
                new TableWriter.Amount(options.images(), options.images() * options.bytesPerImage());
        return target.fill(() -> {
            PartReport report = new TableWriter(spark, progress)
                    .write(blocks, block -> images(block, options), amount, target.uri());
            TableManifest manifest = new TableManifest(
                    report.rows(),
                    CLASSES,
                    List.of(),
                    0,
                    report.checksum(),
                    "noise, seed " + options.seed(),
                    "sandglass prepare noise");
            return new TableTarget.Filled(manifest, List.of());
        });
    }

    private static Iterator<PreparedImage> images(Block block, Options options) {
        return LongStream.range(block.from(), block.to())
                .mapToObj(id -> image(id, options))
                .iterator();
    }

    private static PreparedImage image(long id, Options options) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, options.seed(), id);
        int side = options.side();
        int length = side * side * RgbImage.CHANNELS;
        ByteBuffer noise = ByteBuffer.allocate((length / Long.BYTES + 1) * Long.BYTES);
        while (noise.hasRemaining()) {
            noise.putLong(random.nextLong());
        }
        byte[] pixels = Arrays.copyOf(noise.array(), length);
        byte[] png = ImageEncoder.png(new RgbImage(side, side, pixels));
        return new PreparedImage(png, "", (int) (id % CLASSES));
    }
}
