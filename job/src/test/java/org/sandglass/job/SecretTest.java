package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Provider;
import java.security.SecureRandomSpi;
import java.security.Security;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.FileAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The secret that the tasks' connections prove to know: another one for every stage, and in no log. */
@Tag("spark")
class SecretTest {

    private static final int SECRET_BYTES = 32;
    private static final List<byte[]> DRAWN = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    /** What {@code new SecureRandom()} gives while this is the first provider: random numbers that are remembered. */
    private static final class Remembering extends Provider {
        private static final long serialVersionUID = 1L;

        Remembering() {
            super("Remembering", "1", "random numbers that a test looks for");
            putService(
                    new Service(this, "SecureRandom", "Remembering", RememberingSpi.class.getName(), List.of(), null));
        }
    }

    /** Public for the provider. */
    public static final class RememberingSpi extends SecureRandomSpi {
        private static final long serialVersionUID = 1L;

        @Override
        protected void engineSetSeed(byte[] seed) {}

        @Override
        protected void engineNextBytes(byte[] bytes) {
            System.arraycopy(engineGenerateSeed(bytes.length), 0, bytes, 0, bytes.length);
            if (bytes.length == SECRET_BYTES) {
                DRAWN.add(bytes.clone());
            }
        }

        @Override
        protected byte[] engineGenerateSeed(int length) {
            try {
                return java.security.SecureRandom.getInstance("NativePRNGNonBlocking", "SUN")
                        .generateSeed(length);
            } catch (java.security.GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void shouldBeFreshInEveryStageAndStandInNoLog() throws IOException {
        Path log = directory.resolve("everything.log");
        Path events = Files.createDirectories(directory.resolve("events"));
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
        System.setProperty("spark.eventLog.enabled", "true");
        System.setProperty("spark.eventLog.dir", events.toUri().toString());
        Provider remembering = new Remembering();
        FileAppender appender = appendEverythingTo(log);
        Security.insertProviderAt(remembering, 1);
        try {
            command("prepare", "generated", "--train", "40", "--test", "8", "--out", path("data"));
            DRAWN.clear();
            command(
                    "train",
                    "--data",
                    path("data/train"),
                    "--validation",
                    path("data/test"),
                    "--run",
                    path("run"),
                    "--set",
                    "model.name=cifar-resnet8",
                    "--set",
                    "training.workers=2",
                    "--set",
                    "training.perWorkerBatchSize=8",
                    "--set",
                    "training.epochs=2");
        } finally {
            Security.removeProvider(remembering.getName());
            forget(appender);
            List.of("spark.master", "spark.ui.enabled", "spark.eventLog.enabled", "spark.eventLog.dir")
                    .forEach(System::clearProperty);
        }

        // Two stages that train and two that evaluate.
        assertThat(DRAWN.stream().map(HexFormat.of()::formatHex).distinct()).hasSizeGreaterThanOrEqualTo(4);
        String said =
                Files.readString(log, StandardCharsets.ISO_8859_1) + texts(events) + texts(directory.resolve("run"));
        assertThat(said).contains("epoch 2 of 2: train");
        for (byte[] secret : DRAWN) {
            String hex = HexFormat.of().formatHex(secret);
            String base64 = Base64.getEncoder().withoutPadding().encodeToString(secret);
            assertThat(said.contains(hex)
                            || said.contains(hex.toUpperCase(Locale.ROOT))
                            || said.contains(base64)
                            || said.contains(new String(secret, StandardCharsets.ISO_8859_1))
                            || said.contains(java.util.Arrays.toString(secret)))
                    .as("a secret in a log")
                    .isFalse();
        }
    }

    private void command(String... arguments) {
        StringWriter error = new StringWriter();
        int code = Sandglass.run(arguments, new PrintWriter(new StringWriter()), new PrintWriter(error));
        assertThat(code).as(error.toString()).isZero();
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private static FileAppender appendEverythingTo(Path log) {
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        FileAppender appender = FileAppender.newBuilder()
                .setName("everything")
                .withFileName(log.toString())
                .setLayout(
                        PatternLayout.newBuilder().withPattern("%p %c %m%n%ex").build())
                .build();
        appender.start();
        context.getConfiguration().getRootLogger().addAppender(appender, Level.ALL, null);
        Configurator.setRootLevel(Level.DEBUG);
        Configurator.setLevel("org.sandglass", Level.ALL);
        return appender;
    }

    private static void forget(FileAppender appender) {
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        context.getConfiguration().getRootLogger().removeAppender(appender.getName());
        appender.stop();
        context.reconfigure();
    }

    private static String texts(Path directory) throws IOException {
        StringBuilder texts = new StringBuilder();
        try (Stream<Path> files = Files.walk(directory)) {
            files.filter(Files::isRegularFile).forEach(file -> {
                try {
                    texts.append(Files.readString(file, StandardCharsets.ISO_8859_1));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return texts.toString();
    }
}
