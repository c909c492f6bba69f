package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.image.Augmentation;

/** Everything that decides what a run computes, resolved and checked. Immutable; equal recipes render equally. */
public record Recipe(
        ModelSettings model,
        TrainingSettings training,
        LearningRateSettings learningRate,
        OptimizerSettings optimizer,
        CollectiveSettings collective,
        ExchangeSettings exchange,
        Augmentation augmentation,
        CheckpointSettings checkpoint,
        FailureSettings failure,
        PitfallSettings pitfall) {

    /** What may change when a run goes on. */
    private static final Set<String> OPERATIONAL = Set.of(
            "training.tasks",
            "training.cudaGraphs",
            "collective.encrypt",
            "collective.interface",
            "collective.timeout",
            "exchange.mode",
            "exchange.ahead",
            "exchange.packDirectory",
            "exchange.keepPacks",
            "checkpoint.every",
            "checkpoint.keep",
            "checkpoint.everyIterations",
            "failure.maxRestarts",
            "failure.backoff",
            "failure.minTasks",
            "failure.replacementTimeout");

    /**
     * Reads a recipe.
     *
     * @param confUri a local path or any Hadoop URI of a HOCON file; null takes the defaults
     * @param overrides keys and values, in HOCON, that win over the file's
     * @throws org.sandglass.job.failure.JobFailure (usage) that lists everything wrong with file and line
     */
    public static Recipe load(@Nullable String confUri, Map<String, String> overrides) {
        Config file = confUri == null ? ConfigFactory.empty() : RecipeFile.parse(confUri);
        return RecipeReader.read(Overrides.parse(overrides).withFallback(file));
    }

    /** Reads a recipe from text, as {@link #render()} writes it; {@code origin} names the text in errors. */
    public static Recipe parse(String text, String origin) {
        return parse(text, origin, Map.of());
    }

    /** Reads a recipe from text and overrides. */
    public static Recipe parse(String text, String origin, Map<String, String> overrides) {
        return RecipeReader.read(Overrides.parse(overrides).withFallback(RecipeFile.parse(text, origin)));
    }

    /** The same with another {@code training.seed}. */
    public Recipe withSeed(long seed) {
        return new Recipe(
                model,
                training.withSeed(seed),
                learningRate,
                optimizer,
                collective,
                exchange,
                augmentation,
                checkpoint,
                failure,
                pitfall);
    }

    /** Every key with its value as HOCON, in the order of the contract. */
    public Map<String, String> settings() {
        return RecipeSettings.of(this);
    }

    /** The resolved recipe as HOCON, a key a line; reading it gives an equal recipe. */
    public String render() {
        StringBuilder text = new StringBuilder();
        settings()
                .forEach((key, value) ->
                        text.append(key).append(" = ").append(value).append('\n'));
        return text.toString();
    }

    /** Keys and values of a text that {@link #render()} wrote, also in an earlier version, which had fewer keys. */
    public static Map<String, String> rendered(String text) {
        Map<String, String> settings = new LinkedHashMap<>();
        text.lines().forEach(line -> {
            int end = line.indexOf(" = ");
            if (end > 0) {
                settings.put(line.substring(0, end), line.substring(end + 3));
            }
        });
        return Collections.unmodifiableMap(settings);
    }

    /** The keys whose values differ from {@code other}'s, each as {@code key: this → other}. */
    public List<String> differences(Recipe other) {
        Map<String, String> mine = settings();
        List<String> differences = new ArrayList<>();
        other.settings().forEach((key, value) -> {
            String own = String.valueOf(mine.get(key));
            if (!own.equals(value)) {
                differences.add(key + ": " + own + " → " + value);
            }
        });
        return differences;
    }

    /** The {@link #differences} in what a run computes, as opposed to where, and how it deals with failures. */
    public List<String> essentialDifferences(Recipe other) {
        return differences(other).stream()
                .filter(difference -> !OPERATIONAL.contains(difference.substring(0, difference.indexOf(':'))))
                .toList();
    }
}
