package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.random.CounterRandom;

/**
 * Makes a labelled set of photograph-like JPEGs to try things out with: ten shapes in scenes of different sizes and
 * aspect ratios, in which nothing but the shape tells the class.
 *
 * <p>Image i of a seed is the same on every machine. Writes two tables, {@code OUT/train} and {@code OUT/test}.
 */
public final class GeneratedImages {

    /** How the source of these tables begins in their manifests. */
    public static final String SOURCE = "generated";

    private static final int IMAGES_PER_TASK = 2000;
    private static final int LOWEST_QUALITY = 70;
    private static final int QUALITIES = 26;

    /**
     * What to make.
     *
     * @param out URI of a directory for the tables train and test
     * @param trainImages number of images to train with
     * @param testImages number of images to evaluate with, none of which is in the other table
     * @param seed another seed gives other images
     */
    public record Options(String out, int trainImages, int testImages, long seed) {

        /** @throws JobFailure (usage) if there is nothing to make */
        public Options {
            if (trainImages < 1 || testImages < 1) {
                throw JobFailure.usage("Cannot generate images: at least one each is needed: train=%d test=%d"
                        .formatted(trainImages, testImages));
            }
        }
    }

    private record Block(int from, int to, long split) implements Serializable {}

    private GeneratedImages() {}

    /** Makes the images without telling how far it is. */
    public static ImportResult run(SparkSession spark, Options options) {
        return run(spark, options, ImportProgress.silent());
    }

    /**
     * Makes the images.
     *
     * @throws JobFailure (usage) if a table is there already
     */
    public static ImportResult run(SparkSession spark, Options options, ImportProgress progress) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TableTarget train = new TableTarget(hadoop, options.out() + "/train");
        TableTarget test = new TableTarget(hadoop, options.out() + "/test");
        train.requireFree();
        test.requireFree();
        TableWriter writer = new TableWriter(spark, progress);
        Map<String, TableManifest> tables = new LinkedHashMap<>();
        tables.putAll(write(spark, writer, train, options.trainImages(), 0, options.seed())
                .tables());
        tables.putAll(write(spark, writer, test, options.testImages(), 1, options.seed())
                .tables());
        return new ImportResult(tables, 0, List.of());
    }

    private static ImportResult write(
            SparkSession spark, TableWriter writer, TableTarget target, int images, long split, long seed) {
        List<Block> blocks = blocks(images, split, spark.sparkContext().defaultParallelism());
        List<String> names = SceneShape.names();
        return target.fill(() -> {
            PartReport report =
                    writer.write(blocks, block -> images(block, seed), new TableWriter.Amount(images, 0), target.uri());
            TableManifest manifest = new TableManifest(
                    report.rows(),
                    names.size(),
                    names,
                    0,
                    report.checksum(),
                    SOURCE + ", seed " + seed,
                    "sandglass prepare generated");
            return new TableTarget.Filled(manifest, List.of());
        });
    }

    private static List<Block> blocks(int images, long split, int parallelism) {
        int count = Math.min(images, Math.max(parallelism, (images + IMAGES_PER_TASK - 1) / IMAGES_PER_TASK));
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int from = (int) ((long) images * i / count);
            int to = (int) ((long) images * (i + 1) / count);
            blocks.add(new Block(from, to, split));
        }
        return blocks;
    }

    private static Iterator<PreparedImage> images(Block block, long seed) {
        return LongStream.range(block.from(), block.to())
                .mapToObj(id -> image(seed, block.split(), id))
                .iterator();
    }

    /** Classes take turns, so that they are equally frequent. */
    static PreparedImage image(long seed, long split, long id) {
        SceneShape[] shapes = SceneShape.values();
        int label = (int) (id % shapes.length);
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed, split, id);
        int quality = LOWEST_QUALITY + random.nextInt(QUALITIES);
        byte[] jpeg = ImageEncoder.jpeg(Scene.render(shapes[label], random), quality);
        String path = "%s/%07d.jpg".formatted(SceneShape.names().get(label), id);
        return new PreparedImage(jpeg, path, label);
    }
}
