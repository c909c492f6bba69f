package org.sandglass.job;

import java.io.PrintWriter;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.prepare.Cifar10Import;
import org.sandglass.job.data.prepare.GeneratedImages;
import org.sandglass.job.data.prepare.ImageFolderImport;
import org.sandglass.job.data.prepare.ImportProgress;
import org.sandglass.job.data.prepare.ImportResult;
import org.sandglass.job.data.prepare.NoiseImages;
import org.sandglass.job.data.prepare.TableSubset;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code prepare}: tables from images. */
@Command(
        name = "prepare",
        description = "Make a table that can be trained on: Parquet, with a manifest of rows, classes and checksum.",
        synopsisSubcommandLabel = "SOURCE",
        subcommands = {
            PrepareCommand.ImageFolder.class,
            PrepareCommand.Cifar10.class,
            PrepareCommand.Generated.class,
            PrepareCommand.Noise.class,
            PrepareCommand.Subset.class
        },
        footer = {
            "",
            "Examples:",
            "  sandglass prepare imagefolder ILSVRC2012_img_train.tar --out imagenet/train",
            "  sandglass prepare cifar10 cifar-10-binary.tar.gz --out cifar10",
            "  sandglass prepare generated --out generated"
        })
final class PrepareCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Missing source: imagefolder, cifar10, generated, noise or subset");
    }

    /** {@code prepare imagefolder}: images in folders named after their classes. */
    @Command(
            name = "imagefolder",
            description = {
                "Images in folders named after their classes, as ILSVRC has them: a directory, or a .tar, .tar.gz or"
                        + " .tar.xz. Every image is decoded once to check it."
            },
            footer = {
                "",
                "Examples:",
                "  sandglass prepare imagefolder photos/ --out tables/photos",
                "  sandglass prepare imagefolder cifar10.tar.xz --root cifar10/train --out tables/cifar10-train"
            })
    static final class ImageFolder extends Import {

        @Parameters(paramLabel = "SOURCE", description = "A directory, or an archive.")
        private String source;

        @Option(
                names = "--root",
                paramLabel = "PATH",
                defaultValue = "",
                description = "Take only what is below this path within the source.")
        private String root;

        @Option(
                names = "--skip-unreadable",
                description = "List and leave out images that cannot be decoded, instead of refusing them.")
        private boolean skipUnreadable;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "URI",
                description = "The table to write; must not exist.")
        private String out;

        @Override
        ImportResult run(SparkSession session, ImportProgress progress) {
            ImageFolderImport.Options options = new ImageFolderImport.Options(source, root, out, skipUnreadable);
            return ImageFolderImport.run(session, options, progress);
        }
    }

    /** {@code prepare cifar10}: the binary version of CIFAR-10. */
    @Command(
            name = "cifar10",
            description = "CIFAR-10's binary version, as an archive or unpacked: the tables OUT/train and OUT/test.",
            footer = {"", "Example:", "  sandglass prepare cifar10 cifar-10-binary.tar.gz --out tables/cifar10"})
    static final class Cifar10 extends Import {

        @Parameters(paramLabel = "SOURCE", description = "cifar-10-binary.tar.gz, or the directory that it unpacks to.")
        private String source;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "URI",
                description = "The directory for both tables; they must not exist.")
        private String out;

        @Override
        ImportResult run(SparkSession session, ImportProgress progress) {
            return Cifar10Import.run(session, new Cifar10Import.Options(source, out), progress);
        }
    }

    /** {@code prepare generated}: pictures of ten classes, drawn by program. */
    @Command(
            name = "generated",
            description =
                    "Pictures of ten classes, drawn by program, to try things with: the tables OUT/train and OUT/test.",
            footer = {"", "Example:", "  sandglass prepare generated --train 20000 --test 2000 --out tables/generated"})
    static final class Generated extends Import {

        @Option(
                names = "--train",
                paramLabel = "COUNT",
                defaultValue = "5000",
                description = "Images to train with. Default: ${DEFAULT-VALUE}.")
        private int train;

        @Option(
                names = "--test",
                paramLabel = "COUNT",
                defaultValue = "1000",
                description = "Images to evaluate with. Default: ${DEFAULT-VALUE}.")
        private int test;

        @Option(
                names = "--seed",
                paramLabel = "NUMBER",
                defaultValue = "0",
                description = "Another seed gives other images. Default: ${DEFAULT-VALUE}.")
        private long seed;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "URI",
                description = "The directory for both tables; they must not exist.")
        private String out;

        @Override
        ImportResult run(SparkSession session, ImportProgress progress) {
            return GeneratedImages.run(session, new GeneratedImages.Options(out, train, test, seed), progress);
        }
    }

    /** {@code prepare noise}: as many bytes as one likes. */
    @Command(
            name = "noise",
            description = "Square PNGs of noise, for measuring how samples travel; nothing can be learnt from them.",
            footer = {"", "Example:", "  sandglass prepare noise --images 50000 --bytes 100000 --out tables/noise"})
    static final class Noise extends Import {

        @Option(names = "--images", paramLabel = "COUNT", required = true, description = "Number of images.")
        private long images;

        @Option(
                names = "--bytes",
                paramLabel = "COUNT",
                required = true,
                description = "Bytes of an image, about; a PNG has at least some 70.")
        private int bytes;

        @Option(
                names = "--files",
                paramLabel = "COUNT",
                defaultValue = "8",
                description = "Files of the table, if none becomes larger than 256 MiB. Default: ${DEFAULT-VALUE}.")
        private int files;

        @Option(
                names = "--seed",
                paramLabel = "NUMBER",
                defaultValue = "0",
                description = "Another seed gives other images. Default: ${DEFAULT-VALUE}.")
        private long seed;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "URI",
                description = "The table to write; must not exist.")
        private String out;

        @Override
        ImportResult run(SparkSession session, ImportProgress progress) {
            return NoiseImages.run(session, new NoiseImages.Options(out, images, bytes, files, seed), progress);
        }
    }

    /** {@code prepare subset}: a part of a table. */
    @Command(
            name = "subset",
            description = "A random part of a table that is there: about as large a fraction of every class.",
            footer = {"", "Example:", "  sandglass prepare subset cifar10/train --fraction 0.25 --out cifar10-quarter"})
    static final class Subset extends Import {

        @Parameters(paramLabel = "TABLE", description = "The table to choose from.")
        private String table;

        @Option(
                names = "--fraction",
                required = true,
                paramLabel = "F",
                description = "About how much of it, between 0 and 1.")
        private double fraction;

        @Option(
                names = "--seed",
                paramLabel = "NUMBER",
                defaultValue = "0",
                description = "Another seed chooses other images. Default: ${DEFAULT-VALUE}.")
        private long seed;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "URI",
                description = "The table to write; must not exist.")
        private String out;

        @Override
        ImportResult run(SparkSession session, ImportProgress progress) {
            return TableSubset.run(session, new TableSubset.Options(table, fraction, seed, out), progress);
        }
    }

    /** An import: opens Spark, tells how far it is, and lists what it has written. */
    abstract static class Import implements Runnable {

        @Mixin
        StandardOptions standard;

        @Spec
        private CommandSpec spec;

        abstract ImportResult run(SparkSession session, ImportProgress progress);

        @Override
        public void run() {
            try (SparkSession session = Sessions.open(spec.qualifiedName())) {
                print(run(session, PrepareCommand::report), spec.commandLine().getOut());
            }
        }
    }

    static void report(long images, long total, double imagesPerSecond) {
        System.out.printf(Locale.ROOT, "%,d of %,d images, %.0f images/s%n", images, total, imagesPerSecond);
    }

    static void print(ImportResult result, PrintWriter out) {
        result.unreadable().forEach(image -> out.println("left out: " + image));
        if (result.skipped() > result.unreadable().size()) {
            out.printf(
                    "left out: %d more%n",
                    result.skipped() - result.unreadable().size());
        }
        result.tables()
                .forEach((uri, manifest) -> out.printf(
                        Locale.ROOT, "%,d images of %d classes: %s%n", manifest.rows(), manifest.classes(), uri));
    }
}
