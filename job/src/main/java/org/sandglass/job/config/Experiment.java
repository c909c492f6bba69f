package org.sandglass.job.config;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.sandglass.job.failure.JobFailure;

/**
 * Settings of a recipe to be compared, each with several seeds: an experiment's file is a recipe with a group {@code
 * experiment}, whose settings change a few keys each. Immutable.
 *
 * @param name of the file, without its ending
 * @param paper where in Goyal et al. its counterpart stands
 * @param tables URIs of tables by name
 * @param baseline the name of the setting that the others are compared with
 */
public record Experiment(
        String name,
        String title,
        String paper,
        Optional<String> baseline,
        Map<String, String> tables,
        List<Setting> settings) {

    /** The table that a setting is trained on if it names none. */
    public static final String TRAIN = "train";

    /** The table that all are evaluated on. */
    public static final String VALIDATION = "validation";

    /**
     * One setting.
     *
     * @param series the line that it belongs to where errors are drawn against minibatches
     * @param table the name of the table that it is trained on
     * @param paper the figure of Goyal et al. for it; empty without one
     * @param recipe with everything but the seed
     */
    public record Setting(String name, String series, String table, String paper, Recipe recipe) {

        /** The name as one of a directory. */
        public String directory() {
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-").replaceAll("^-|-$", "");
        }
    }

    /** Defends against later changes. */
    public Experiment {
        tables = Map.copyOf(tables);
        settings = List.copyOf(settings);
    }

    /**
     * Reads an experiment.
     *
     * @param uri a local path or any Hadoop URI of a HOCON file
     * @param overrides keys and values of the recipe, in HOCON, that win over the file's in all settings
     * @throws JobFailure (usage) that lists what is wrong with file and line
     */
    public static Experiment load(String uri, Map<String, String> overrides) {
        return ExperimentReader.read(uri, RecipeFile.parse(uri), Overrides.parse(overrides));
    }

    /**
     * The settings of these names, in the experiment's order.
     *
     * @throws JobFailure (usage) if there is no setting of a name
     */
    public List<Setting> settings(Collection<String> names) {
        List<String> known = settings.stream().map(Setting::name).toList();
        for (String wanted : names) {
            if (!known.contains(wanted)) {
                throw JobFailure.usage("Cannot find setting \"" + wanted + "\" of experiment " + name + "; there are "
                        + known.stream().collect(Collectors.joining("\", \"", "\"", "\"")));
            }
        }
        return settings.stream()
                .filter(setting -> names.contains(setting.name()))
                .toList();
    }
}
