package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Options for a local cluster whose executors find made-up GPUs: a program called {@code nvidia-smi}, to be first on the path. */
final class Gpus {

    private Gpus() {}

    /** Executors that all find the same GPUs, a core for each. */
    static List<String> each(Path bin, int executors, List<String> uuids) throws IOException {
        return options(bin, "true", executors, uuids.size(), uuids, List.of());
    }

    /** Two executors, of which one finds the first half of the GPUs, a core for each, and the other one the rest. */
    static List<String> halves(Path bin, List<String> uuids) throws IOException {
        int half = uuids.size() / 2;
        String first = "mkdir '" + bin.resolve("asked") + "' 2> /dev/null";
        return options(bin, first, 2, half, uuids.subList(0, half), uuids.subList(half, uuids.size()));
    }

    private static List<String> options(
            Path bin, String condition, int executors, int each, List<String> then, List<String> otherwise)
            throws IOException {
        Path program = Files.createDirectories(bin).resolve("nvidia-smi");
        Files.writeString(
                program,
                "#!/bin/sh\nif %s; then\n%selse\n%s:\nfi\n".formatted(condition, listing(then), listing(otherwise)));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        String script = Path.of("..", "scripts", "gpu-discovery.sh")
                .toAbsolutePath()
                .normalize()
                .toString();
        String amount = String.valueOf(each);
        List<String> options =
                new ArrayList<>(List.of("--master", "local-cluster[" + executors + "," + each + ",1024]"));
        new TreeMap<>(Map.of(
                        "spark.worker.resource.gpu.amount", amount,
                        "spark.worker.resource.gpu.discoveryScript", script,
                        "spark.executor.resource.gpu.amount", amount,
                        "spark.executor.resource.gpu.discoveryScript", script,
                        "spark.task.resource.gpu.amount", "1"))
                .forEach((key, value) -> options.addAll(List.of("--conf", key + "=" + value)));
        return options;
    }

    private static String listing(List<String> uuids) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < uuids.size(); i++) {
            lines.append("echo 'GPU %d: Made-up (UUID: %s)'\n".formatted(i, uuids.get(i)));
        }
        return lines.toString();
    }
}
