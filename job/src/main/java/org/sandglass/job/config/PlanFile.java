package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A recipe, and where its file has the groups {@code cluster} and {@code calibration}, the machines to plan for. All keys of
 * these groups must be there: a plan should rest on nothing that its file does not say. Of an experiment it is the recipe that
 * settings start from.
 */
public record PlanFile(Recipe recipe, Optional<ClusterSettings> cluster) {

    private static final List<String> GROUPS = List.of("cluster", "calibration");
    private static final List<String> KEYS = List.of(
            "cluster.hosts",
            "cluster.devicesPerHost",
            "cluster.coresPerHost",
            "cluster.link.gbps",
            "cluster.link.efficiency",
            "cluster.link.latencyMicros",
            "cluster.hostGBps",
            "cluster.copyGBps",
            "cluster.diskGBps",
            "cluster.data.samples",
            "cluster.data.validation",
            "cluster.data.encodedKiB",
            "calibration.model",
            "calibration.precision",
            "calibration.size",
            "calibration.perWorkerBatchSize",
            "calibration.forwardMillis",
            "calibration.backwardMillis",
            "calibration.updateMillis",
            "calibration.deviation",
            "calibration.device.tflops",
            "calibration.device.GBps",
            "calibration.engine.GBps",
            "calibration.engine.onDevice",
            "calibration.engine.frameMicros",
            "calibration.decodePerCore",
            "calibration.exchangeMBps",
            "calibration.stageSeconds");
    /** Of what a step was measured: the recipe's key that must have the same value, since times of another tell nothing. */
    private static final Map<String, String> MEASURED = Map.of(
            "calibration.model", "model.name",
            "calibration.precision", "training.precision",
            "calibration.size", "augmentation.size");

    private static final double MOST = 1e15;

    /**
     * Reads a file as {@link Recipe#load} does.
     *
     * @throws org.sandglass.job.failure.JobFailure (usage) that lists what is wrong with file and line
     */
    public static PlanFile load(@Nullable String uri, Map<String, String> overrides) {
        Config file = uri == null ? ConfigFactory.empty() : RecipeFile.parse(uri);
        Config all;
        try {
            all = Overrides.parse(overrides).withFallback(file).resolve();
        } catch (ConfigException e) {
            throw RecipeErrors.failure(String.valueOf(e.getMessage()));
        }
        Config recipe = all.withoutPath(ExperimentReader.GROUP);
        for (String group : GROUPS) {
            recipe = recipe.withoutPath(group);
        }
        Recipe read = RecipeReader.read(recipe);
        boolean planned = GROUPS.stream().anyMatch(all::hasPath);
        return new PlanFile(
                read,
                planned ? Optional.of(cluster(all, read, uri == null ? "without --conf" : uri)) : Optional.empty());
    }

    private static ClusterSettings cluster(Config all, Recipe recipe, String place) {
        RecipeErrors errors = new RecipeErrors();
        for (String group : GROUPS) {
            if (all.hasPath(group)) {
                checkKeys(group, all.getObject(group), errors);
            }
        }
        errors.throwIfAny();
        List<String> missing = new ArrayList<>(KEYS);
        missing.removeIf(all::hasPath);
        if (!missing.isEmpty()) {
            throw RecipeErrors.failure(place + ": a plan for a cluster needs " + String.join(", ", missing));
        }
        SettingReader read = new SettingReader(all, errors);
        requireMeasured(read, recipe);
        double share = recipe.training().perWorkerBatchSize() / read.positive("calibration.perWorkerBatchSize");
        double gbps = read.positive("cluster.link.gbps");
        ClusterSettings settings = new ClusterSettings(
                read.count("cluster.hosts", 1, 4096),
                read.count("cluster.devicesPerHost", 1, 64),
                read.count("cluster.coresPerHost", 1, 4096),
                gbps / 8 * 1e9 * read.number("cluster.link.efficiency", 0.01, 1),
                gbps,
                read.number("cluster.link.latencyMicros", 0, MOST) / 1e6,
                read.positive("cluster.hostGBps") * 1e9,
                read.positive("cluster.copyGBps") * 1e9,
                read.positive("cluster.diskGBps") * 1e9,
                read.positive("calibration.forwardMillis") / 1e3 * share,
                read.positive("calibration.backwardMillis") / 1e3 * share,
                read.number("calibration.updateMillis", 0, MOST) / 1e3,
                read.number("calibration.deviation", 0, 1),
                read.positive("calibration.device.tflops") * 1e12,
                read.positive("calibration.device.GBps") * 1e9,
                read.positive("calibration.engine.GBps") * 1e9,
                read.flag("calibration.engine.onDevice"),
                read.number("calibration.engine.frameMicros", 0, MOST) / 1e6,
                read.positive("calibration.decodePerCore"),
                read.positive("calibration.exchangeMBps") * 1e6,
                read.number("calibration.stageSeconds", 0, MOST),
                new ClusterSettings.DataSet(
                        read.integer("cluster.data.samples", 1, Long.MAX_VALUE),
                        read.integer("cluster.data.validation", 0, Long.MAX_VALUE),
                        read.positive("cluster.data.encodedKiB") * 1024));
        int devices = settings.hosts() * settings.devicesPerHost();
        int workers = recipe.training().workers();
        if (workers < devices) {
            read.reject(
                    "cluster.hosts",
                    "cluster.hosts × cluster.devicesPerHost = " + devices + " devices have training.workers = "
                            + workers + " workers: each needs one; plan for fewer devices or more workers");
        }
        errors.throwIfAny();
        return settings;
    }

    private static void requireMeasured(SettingReader read, Recipe recipe) {
        Map<String, String> planned = recipe.settings();
        new TreeMap<>(MEASURED).forEach((measured, key) -> {
            String value = read.text(measured);
            if (!value.equals(planned.get(key))) {
                read.reject(
                        measured,
                        measured + " = " + value + ", and the recipe has " + key + " = " + planned.get(key)
                                + ": a step of the one tells nothing of the other's; sandglass calibrate with this recipe,"
                                + " or give times of its step");
            }
        });
    }

    private static void checkKeys(String prefix, ConfigObject object, RecipeErrors errors) {
        for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(object).entrySet()) {
            String path = prefix + "." + ConfigUtil.joinPath(entry.getKey());
            if (entry.getValue() instanceof ConfigObject inner) {
                checkKeys(path, inner, errors);
            } else if (!KEYS.contains(path)) {
                String nearest = NearestName.of(path, KEYS)
                        .map(name -> "; the nearest is " + name)
                        .orElse("");
                errors.add(entry.getValue(), "unknown key " + path + nearest);
            }
        }
    }
}
