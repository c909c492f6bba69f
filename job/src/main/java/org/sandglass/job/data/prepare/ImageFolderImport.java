package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;

/**
 * Imports images from folders named after their classes, as ILSVRC has them: {@code class/name.JPEG}.
 *
 * <p>The source is a directory or a {@code .tar}, {@code .tar.gz} or {@code .tar.xz} on any Hadoop file system; folders
 * above the classes that hold nothing else are passed through. Labels are the ranks of the class names. Every image is
 * decoded once. A directory and a plain archive are read by many tasks, a compressed archive by one.
 */
public final class ImageFolderImport {

    private final SparkSession spark;
    private final Options options;
    private final ImportProgress progress;
    private final Configuration hadoop;

    /**
     * What to import.
     *
     * @param source URI of a directory or archive
     * @param root path within the source below which the images are; empty for all of it
     * @param out URI of the table to write; must not exist, or be empty
     * @param skipUnreadable whether images that cannot be decoded are left out instead of failing the import
     */
    public record Options(String source, String root, String out, boolean skipUnreadable) {}

    private ImageFolderImport(SparkSession spark, Options options, ImportProgress progress) {
        this.spark = spark;
        this.options = options;
        this.progress = progress;
        this.hadoop = spark.sparkContext().hadoopConfiguration();
    }

    /**
     * Imports without telling how far it is.
     *
     * @throws JobFailure (usage) if {@code out} is occupied; (data) if there are no images or some cannot be read:
     *     then nothing is left at {@code out}
     */
    public static ImportResult run(SparkSession spark, Options options) {
        return run(spark, options, ImportProgress.silent());
    }

    /**
     * Imports.
     *
     * @throws JobFailure (usage) if {@code out} is occupied; (data) if there are no images or some cannot be read:
     *     then nothing is left at {@code out}
     */
    public static ImportResult run(SparkSession spark, Options options, ImportProgress progress) {
        return new ImageFolderImport(spark, options, progress).run();
    }

    private ImportResult run() {
        TableTarget target = new TableTarget(hadoop, options.out());
        target.requireFree();
        ImageListing listing = listing();
        ImageTree tree = ImageTree.of(options.source(), listing);
        return target.fill(() -> {
            PartReport written = write(listing, tree);
            PartReport report = PartReport.total(List.of(written, unreadable(listing)));
            requireReadable(report);
            TableManifest manifest = new TableManifest(
                    report.rows(),
                    tree.classNames().size(),
                    tree.classNames(),
                    report.skipped(),
                    report.checksum(),
                    options.source() + (options.root().isEmpty() ? "" : "!" + options.root()),
                    "sandglass prepare imagefolder");
            return new TableTarget.Filled(manifest, report.unreadable());
        });
    }

    private ImageListing listing() {
        Path source = new Path(options.source());
        try {
            FileSystem fileSystem = source.getFileSystem(hadoop);
            if (!fileSystem.exists(source)) {
                throw JobFailure.data("Cannot prepare images: %s: no such file or directory".formatted(source));
            }
            boolean directory = fileSystem.getFileStatus(source).isDirectory();
            ImageListing listing = directory ? FolderListing.of(fileSystem, source) : TarListing.of(fileSystem, source);
            return listing.below(prefix());
        } catch (IOException | UncheckedIOException e) {
            throw JobFailure.data("Cannot prepare images: %s: %s".formatted(source, e.getMessage()));
        }
    }

    private PartReport write(ImageListing listing, ImageTree tree) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> configuration = context.broadcast(new SerializableConfiguration(hadoop));
        TableWriter writer = new TableWriter(spark, progress);
        TableWriter.Amount amount = listing.amount();
        if (!listing.seekable()) {
            String prefix = prefix();
            return writer.write(
                    List.of(options.source()),
                    file -> streamed(file, prefix, tree, configuration.value().value()),
                    amount,
                    options.out());
        }
        List<ImageGroup> groups = groups(listing, tree, context.defaultParallelism());
        return writer.write(
                groups, group -> grouped(group, configuration.value().value()), amount, options.out());
    }

    private static GroupReader grouped(ImageGroup group, Configuration hadoop) {
        GroupReader reader = new GroupReader(group, hadoop);
        closeAfterTask(reader::close);
        return reader;
    }

    private static StreamReader streamed(String file, String root, ImageTree tree, Configuration hadoop)
            throws IOException {
        Path path = new Path(file);
        TarEntries entries = TarEntries.decompressing(path.getFileSystem(hadoop).open(path));
        StreamReader reader = new StreamReader(entries, file, root, tree);
        closeAfterTask(reader::close);
        return reader;
    }

    private static void closeAfterTask(Runnable close) {
        TaskCompletionListener listener = context -> close.run();
        TaskContext.get().addTaskCompletionListener(listener);
    }

    private static List<ImageGroup> groups(ImageListing listing, ImageTree tree, int parallelism) {
        Map<String, Integer> labels = tree.labels();
        List<ImageReference> images = new ArrayList<>(listing.images());
        images.sort(Comparator.comparing(ImageReference::path));
        int[] imageLabels = images.stream()
                .mapToInt(image -> labels.getOrDefault(tree.classOf(image.path()), -1))
                .toArray();
        images.replaceAll(
                image -> new ImageReference(tree.within(image.path()), image.file(), image.offset(), image.length()));
        return ImageGroup.of(images, imageLabels, parallelism);
    }

    private static PartReport unreadable(ImageListing listing) {
        PartReport.Tally tally = new PartReport.Tally();
        listing.unreadable().forEach(tally::skip);
        return tally.report();
    }

    private void requireReadable(PartReport report) {
        if (report.skipped() > 0 && !options.skipUnreadable()) {
            StringBuilder message =
                    new StringBuilder("Cannot prepare images: %s: %d of %d cannot be read; --skip-unreadable"
                            .formatted(options.source(), report.skipped(), report.rows() + report.skipped()));
            message.append(" leaves them out:");
            report.unreadable().forEach(image -> message.append("\n  ").append(image));
            if (report.skipped() > report.unreadable().size()) {
                message.append("\n  … and ")
                        .append(report.skipped() - report.unreadable().size())
                        .append(" more");
            }
            throw JobFailure.data(message.toString());
        }
        if (report.rows() == 0) {
            throw JobFailure.data("Cannot prepare images: %s: none of %d can be read: %s"
                    .formatted(options.source(), report.skipped(), report.unreadable()));
        }
    }

    private String prefix() {
        String root = ImagePaths.normalized(options.root());
        return root.isEmpty() ? "" : root + "/";
    }
}
