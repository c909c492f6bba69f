package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;

/** Sources to import from, and a session to import with. */
final class PrepareFixture {

    private PrepareFixture() {}

    static SparkSession spark() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("prepare")
                .config("spark.ui.enabled", "false")
                .getOrCreate();
    }

    static byte[] jpeg(long seed) {
        return ImageEncoder.jpeg(image(seed), 80);
    }

    static byte[] png(long seed) {
        return ImageEncoder.png(image(seed));
    }

    static RgbImage image(long seed) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed);
        int width = 8 + random.nextInt(20);
        int height = 8 + random.nextInt(20);
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(256);
        }
        return new RgbImage(width, height, pixels);
    }

    /** Two classes of three, and what desktops leave behind. */
    static Map<String, byte[]> catsAndDogs() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("dog/b.JPEG", resource("gray.jpg"));
        files.put("cat/a.jpg", jpeg(2));
        files.put("cat/.DS_Store", text("junk"));
        files.put("cat/._a.jpg", text("junk"));
        files.put("__MACOSX/cat/a.jpg", text("junk"));
        files.put("dog/c.PNG", png(3));
        files.put("cat/nested/d.Jpg", jpeg(4));
        files.put("dog/notes.txt", text("not an image"));
        files.put("cat/e.png", png(5));
        files.put("dog/f.jpeg", resource("cmyk.jpg"));
        return files;
    }

    private static byte[] resource(String name) {
        try (InputStream in = PrepareFixture.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void writeFolder(Path folder, Map<String, byte[]> files) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
    }

    static void writeTar(OutputStream out, String prefix, Map<String, byte[]> files) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(prefix + file.getKey());
                entry.setSize(file.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        }
    }

    static List<Row> rows(SparkSession spark, String table) {
        return spark.read()
                .parquet(table)
                .selectExpr("image.path", "label", "image.bytes")
                .orderBy("path")
                .collectAsList();
    }
}
