package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.security.token.Token;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * A run on an HDFS with Kerberos, whose writers have delegation tokens and nothing else, outlives its tokens, as long as Spark
 * gives it new ones: what writes its files keeps no {@code FileSystem} with the old.
 */
@Tag("yarn")
class DelegationTokenIT {

    private static final int TOKEN_MILLIS = 8000;

    @TempDir
    private static Path directory;

    private static @Nullable MiniKdc kdc;
    private static @Nullable Process cluster;
    private static Configuration hadoop = new Configuration();

    @BeforeAll
    static void startCluster() throws Exception {
        MiniKdc started =
                new MiniKdc(MiniKdc.createConf(), directory.resolve("kdc").toFile());
        kdc = started;
        started.start();
        started.createPrincipal(keytab("server"), "hdfs/localhost", "HTTP/localhost");
        started.createPrincipal(keytab("trainer"), "trainer");

        Path log = directory.resolve("hdfs.log");
        String home = System.getProperty("java.home");
        Process process = new ProcessBuilder(
                        Path.of(home, "bin", "java").toString(),
                        "-Xmx512m",
                        "-Dlog4j2.level=ERROR",
                        "-Djava.security.krb5.conf=" + started.getKrb5conf(),
                        "-cp",
                        System.getProperty("sandglass.minicluster") + "/*:"
                                + Path.of(System.getenv("SPARK_HOME"), "jars").toAbsolutePath() + "/*",
                        "src/test/hadoop/MiniSecureHdfs.java",
                        directory.resolve("hdfs").toString(),
                        keytab("server").toString(),
                        started.getRealm(),
                        String.valueOf(TOKEN_MILLIS))
                .redirectOutput(log.toFile())
                .redirectError(directory.resolve("hdfs.err").toFile())
                .start();
        cluster = process;
        Awaitility.await()
                .alias("HDFS, see " + directory.resolve("hdfs.err"))
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> !process.isAlive() || Files.readString(log).contains("ready"));
        assertThat(process.isAlive())
                .as(() -> read(directory.resolve("hdfs.err")))
                .isTrue();
        hadoop.addResource(new org.apache.hadoop.fs.Path(
                directory.resolve("hdfs/core-site.xml").toUri()));
        UserGroupInformation.setConfiguration(hadoop);
    }

    @AfterAll
    static void stopCluster() throws Exception {
        UserGroupInformation.reset();
        UserGroupInformation.setConfiguration(new Configuration(false));
        System.clearProperty("java.security.krb5.conf");
        Process process = Objects.requireNonNull(cluster);
        process.getOutputStream().close();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        Objects.requireNonNull(kdc).stop();
    }

    @Test
    void shouldGoOnWithNewTokensWhenTheOldOnesHaveExpired() throws Exception {
        UserGroupInformation owner = UserGroupInformation.loginUserFromKeytabAndReturnUGI(
                "trainer@" + Objects.requireNonNull(kdc).getRealm(),
                keytab("trainer").toString());
        UserGroupInformation writer = UserGroupInformation.createRemoteUser("trainer");
        writer.addToken(token(owner));

        Recipe recipe = Recipe.load(null, Map.of("model.name", "cifar-resnet8"));
        RunDirectory run =
                writer.doAs((PrivilegedExceptionAction<RunDirectory>) () -> RunDirectory.open("/run", hadoop, recipe));
        CheckpointStore checkpoints = new CheckpointStore(hadoop, run.checkpointsUri());
        write(writer, run, checkpoints, 1);

        Awaitility.await("the token to expire")
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> isRefused(writer));
        assertThatThrownBy(() -> write(writer, run, checkpoints, 2)).isInstanceOf(JobFailure.class);

        // Somebody else with the same objects: what they kept of the first one would be refused.
        UserGroupInformation other = UserGroupInformation.createRemoteUser("trainer");
        other.addToken(token(owner));
        write(other, run, checkpoints, 2);

        // The same one with a new token: what Spark does in the driver and in executors when it has renewed them.
        assertThatThrownBy(() -> write(writer, run, checkpoints, 3)).isInstanceOf(JobFailure.class);
        writer.addToken(token(owner));
        write(writer, run, checkpoints, 3);
        assertThat(writer.doAs((PrivilegedExceptionAction<Integer>)
                        () -> checkpoints.newest().orElseThrow().epoch()))
                .isEqualTo(3);
    }

    private static void write(UserGroupInformation writer, RunDirectory run, CheckpointStore checkpoints, int epoch)
            throws IOException, InterruptedException {
        writer.doAs((PrivilegedExceptionAction<Void>) () -> {
            run.writeReport();
            checkpoints.clear(epoch);
            List<NamedTensor> tensors =
                    List.of(new NamedTensor("weight", Shape.of(2), FloatBuffer.wrap(new float[] {1, 2})));
            checkpoints.commit(new CheckpointManifest(
                    epoch,
                    epoch,
                    "cifar-resnet8",
                    10,
                    List.of(),
                    32,
                    "",
                    Safetensors.sha256(tensors),
                    Map.of(),
                    "2026-01-01T00:00:00Z",
                    checkpoints.writeFiles(epoch, tensors, tensors)));
            return null;
        });
    }

    /** Whether HDFS refuses who connects anew. */
    private static boolean isRefused(UserGroupInformation writer) throws IOException, InterruptedException {
        return writer.doAs((PrivilegedExceptionAction<Boolean>) () -> {
            try (FileSystem files = FileSystem.newInstance(hadoop)) {
                files.listStatus(new org.apache.hadoop.fs.Path("/"));
                return false;
            } catch (IOException e) {
                return true;
            }
        });
    }

    private static Token<?> token(UserGroupInformation owner) throws IOException, InterruptedException {
        return owner.doAs((PrivilegedExceptionAction<Token<?>>) () -> {
            try (FileSystem files = FileSystem.newInstance(hadoop)) {
                return files.getDelegationToken("trainer");
            }
        });
    }

    private static File keytab(String name) {
        return directory.resolve(name + ".keytab").toFile();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
