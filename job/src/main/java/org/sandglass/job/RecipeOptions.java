package org.sandglass.job;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import picocli.CommandLine.Option;

/** Where a command's recipe comes from. */
final class RecipeOptions {

    @Option(names = "--conf", paramLabel = "FILE", description = "The recipe, in HOCON; conf/README.md lists the keys.")
    private @Nullable String file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A key of the recipe that wins over the file's, for example training.epochs=3. Repeatable.")
    private Map<String, String> overrides = new LinkedHashMap<>();

    /** The recipe, resolved and checked. */
    Recipe resolve() {
        return Recipe.load(file, overrides);
    }

    @Nullable
    String file() {
        return file;
    }

    Map<String, String> overrides() {
        return overrides;
    }
}
