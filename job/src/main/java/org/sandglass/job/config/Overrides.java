package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.util.Map;
import java.util.regex.Pattern;
import org.sandglass.job.failure.JobFailure;

/** The command line's {@code --set key=value} as a layer over the recipe's file. */
final class Overrides {

    static final String ORIGIN = "--set ";

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9]+(\\.[A-Za-z0-9]+)*");

    private Overrides() {}

    static Config parse(Map<String, String> overrides) {
        Config all = ConfigFactory.empty();
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            all = parse(override.getKey(), override.getValue()).withFallback(all);
        }
        return all;
    }

    private static Config parse(String key, String value) {
        String origin = ORIGIN + key + "=" + value;
        if (!KEY.matcher(key).matches()) {
            throw JobFailure.usage("Cannot read recipe: " + origin + ": not a key; write --set training.epochs=5");
        }
        try {
            return ConfigFactory.parseString(
                    key + " = " + value, ConfigParseOptions.defaults().setOriginDescription(origin));
        } catch (ConfigException e) {
            throw JobFailure.usage("Cannot read recipe: " + origin + ": not a HOCON value");
        }
    }
}
