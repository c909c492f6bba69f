package org.sandglass.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

class SettingChecksTest {

    private static final List<String> GOOD = List.of(
            "spark.master=local-cluster[2,4,1024]",
            "spark.task.cpus=2",
            "spark.barrier.sync.timeout=120",
            "spark.locality.wait=0s",
            "spark.scheduler.barrier.maxConcurrentTasksCheck.interval=1s");

    @Test
    void shouldFindNothingWrongWithWhatTheLauncherSets() {
        assertThat(check()).allSatisfy(finding -> assertThat(finding.level()).isEqualTo(Finding.Level.OK));
    }

    @Test
    void shouldSayHowLargeAHeapARowGroupNeeds() {
        SparkConf conf = new SparkConf(false)
                .set("spark.master", "local-cluster[2,4,1024]")
                .set("spark.task.cpus", "2");
        Recipe recipe = Recipe.load(null, Map.of());
        assertThat(SettingChecks.rowGroups(conf, recipe, 128L << 20).level()).isEqualTo(Finding.Level.OK);
        Finding large = SettingChecks.rowGroups(conf, recipe, 512L << 20);
        assertThat(large.level()).isEqualTo(Finding.Level.WARN);
        assertThat(large.message()).contains("2 tasks", "512 MiB");
        assertThat(large.remedy()).contains("spark.executor.memory=3072m", "parquet.block.size");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ERROR | dynamic allocation | spark.dynamicAllocation.enabled=true | spark.dynamicAllocation.enabled=false
            ERROR | speculation        | spark.speculation=true               | spark.speculation=false
            WARN  | barrier timeout    | spark.barrier.sync.timeout=1h        | spark.barrier.sync.timeout=120
            WARN  | slot check         | spark.scheduler.barrier.maxConcurrentTasksCheck.interval=15s | interval=1s
            WARN  | locality           | spark.locality.wait=3s               | spark.locality.wait=0s
            WARN  | threads            | spark.executorEnv.OMP_NUM_THREADS=8  | OMP_NUM_THREADS=2
            WARN  | cores              | spark.task.cpus=3                    | spark.task.cpus
            ERROR | cores              | spark.task.cpus=8                    | spark.task.cpus=4
            ERROR | gpu                | spark.task.resource.gpu.amount=0.5,spark.executor.resource.gpu.amount=1 | spark.task.resource.gpu.amount=1
            ERROR | gpu                | spark.executor.resource.gpu.amount=1 | spark.task.resource.gpu.amount=1
            ERROR | gpu                | spark.task.resource.gpu.amount=1     | spark.executor.resource.gpu.amount
            WARN  | gpu                | spark.task.resource.gpu.amount=1,spark.executor.resource.gpu.amount=4 | spark.executor.cores=8
            ERROR | memory             | spark.master=yarn,spark.executor.memory=1g | spark.executor.memoryOverhead=
            """)
    void shouldSayWhichSettingToChangeToWhat(Finding.Level level, String check, String settings, String remedy) {
        assertThat(check(settings.split(",")))
                .filteredOn(finding -> finding.level() != Finding.Level.OK)
                .anySatisfy(finding -> {
                    assertThat(finding.level()).isEqualTo(level);
                    assertThat(finding.check()).isEqualTo(check);
                    assertThat(finding.remedy()).contains(remedy);
                });
    }

    @Test
    void shouldAcceptTheOverheadThatItAskedFor() {
        String remedy = check("spark.master=yarn", "spark.executor.cores=4").stream()
                .filter(finding -> finding.check().equals("memory"))
                .map(finding -> String.valueOf(finding.remedy()))
                .findFirst()
                .orElseThrow();
        String setting = remedy.replaceAll("set (\\S+?),.*", "$1");
        assertThat(check("spark.master=yarn", "spark.executor.cores=4", setting))
                .filteredOn(finding -> finding.check().equals("memory"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.level()).isEqualTo(Finding.Level.OK));
    }

    @Test
    void shouldTellWarningsAndThrowAllErrorsAtOnce() {
        List<String> warnings = new ArrayList<>();
        assertThatThrownBy(() -> SettingChecks.require(
                        conf("spark.locality.wait=3s", "spark.speculation=true", "spark.task.cpus=8"),
                        recipe("cifar-resnet8", 32),
                        warnings::add))
                .isInstanceOf(JobFailure.class)
                .hasMessageContainingAll("spark.speculation=false", "spark.task.cpus=4")
                .extracting(failure -> ((JobFailure) failure).exitCode())
                .isEqualTo(ExitCode.CLUSTER);
        assertThat(warnings).singleElement().asString().contains("spark.locality.wait=0s");
    }

    @ParameterizedTest
    @CsvSource({"cifar-resnet20, 64", "resnet18, 4", "resnet50, 4"})
    void shouldEstimateWhatTheDevicePlans(String model, int batch) {
        Recipe recipe = recipe(model, batch);
        Network network = ResNet.of(model, 1000, recipe.augmentation().size(), true);
        try (Device device = CpuDevice.open(1);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                Executable executable = device.compile(network.graph(), CompileOptions.training(batch), buffers)) {
            long known = executable.plannedBytes()
                    + Float.BYTES
                            * (2 * network.layout().weightsLength()
                                    + network.layout().gradientLength());
            assertThat((double) MemoryNeed.ofTask(recipe) / known).isBetween(1.0, 3.0);
        }
    }

    private static List<Finding> check(String... settings) {
        return SettingChecks.of(conf(settings), recipe("resnet50", 32));
    }

    private static SparkConf conf(String... settings) {
        SparkConf conf = new SparkConf(false);
        GOOD.forEach(setting -> set(conf, setting));
        for (String setting : settings) {
            set(conf, setting);
        }
        return conf;
    }

    private static void set(SparkConf conf, String setting) {
        int end = setting.indexOf('=');
        conf.set(setting.substring(0, end).trim(), setting.substring(end + 1).trim());
    }

    private static Recipe recipe(String model, int batch) {
        return Recipe.load(null, Map.of("model.name", model, "training.perWorkerBatchSize", String.valueOf(batch)));
    }
}
