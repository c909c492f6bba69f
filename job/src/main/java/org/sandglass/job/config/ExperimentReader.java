package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Turns HOCON into an {@link Experiment}. */
final class ExperimentReader {

    static final String GROUP = "experiment";
    private static final List<String> KEYS = List.of("title", "paper", "baseline", "tables", "scale", "settings");
    private static final List<String> SETTING_KEYS = List.of("name", "series", "data", "paper", "recipe");

    private final RecipeErrors errors = new RecipeErrors();

    private ExperimentReader() {}

    static Experiment read(String uri, Config file, Config overrides) {
        try {
            return new ExperimentReader().experiment(uri, file.resolve(), overrides);
        } catch (ConfigException e) {
            throw RecipeErrors.failure(uri + ": " + e.getMessage());
        }
    }

    private Experiment experiment(String uri, Config file, Config overrides) {
        if (!file.hasPath(GROUP + ".settings")) {
            throw RecipeErrors.failure(uri + ": is no experiment: it has no " + GROUP + ".settings");
        }
        Config group = file.getConfig(GROUP);
        checkKeys(GROUP, group.root(), KEYS);
        Config common = file.withoutPath(GROUP);
        List<Experiment.Setting> settings = new ArrayList<>();
        Set<String> directories = new HashSet<>();
        for (ConfigObject object : group.getObjectList("settings")) {
            checkKeys("a setting of " + GROUP, object, SETTING_KEYS);
            Config read = object.toConfig();
            Config own = read.hasPath("recipe") ? read.getConfig("recipe") : ConfigFactory.empty();
            Experiment.Setting setting = new Experiment.Setting(
                    read.getString("name"),
                    text(read, "series").orElse(""),
                    text(read, "data").orElse(Experiment.TRAIN),
                    text(read, "paper").orElse(""),
                    RecipeReader.read(overrides.withFallback(own).withFallback(common)));
            if (setting.directory().isEmpty() || !directories.add(setting.directory())) {
                errors.add(read.getValue("name"), "two settings of one name, or none: " + setting.name());
            }
            settings.add(setting);
        }
        if (settings.isEmpty()) {
            errors.add(group.getValue("settings"), GROUP + ".settings is empty");
        }
        Optional<String> baseline = text(group, "baseline");
        if (baseline.isPresent()
                && settings.stream().noneMatch(setting -> setting.name().equals(baseline.get()))) {
            errors.add(group.getValue("baseline"), "no setting is called " + baseline.get());
        }
        errors.throwIfAny();
        return new Experiment(
                name(uri),
                text(group, "title").orElse(name(uri)),
                text(group, "paper").orElse(""),
                baseline,
                tables(group),
                settings);
    }

    private static Map<String, String> tables(Config group) {
        Map<String, String> tables = new TreeMap<>();
        if (group.hasPath("tables")) {
            Config named = group.getConfig("tables");
            named.root().keySet().forEach(name -> tables.put(name, named.getString(ConfigUtil.joinPath(name))));
        }
        return tables;
    }

    private void checkKeys(String where, ConfigObject object, List<String> known) {
        for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(object).entrySet()) {
            if (!known.contains(entry.getKey())) {
                errors.add(
                        entry.getValue(),
                        where + " has no key " + entry.getKey() + "; there are " + String.join(", ", known));
            }
        }
    }

    private static Optional<String> text(Config config, String key) {
        return config.hasPath(key) ? Optional.of(config.getString(key)) : Optional.empty();
    }

    private static String name(String uri) {
        return uri.substring(uri.lastIndexOf('/') + 1).replaceFirst("\\.conf$", "");
    }
}
