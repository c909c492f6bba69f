package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/**
 * A HOCON file on the local file system (a path, or a {@code file:} URI) or on any Hadoop file system (other URIs). An
 * included file is looked for beside the file that includes it and, unlike in plain HOCON, must exist: a misspelled
 * include would otherwise train the defaults.
 */
final class RecipeFile implements ConfigIncluder {

    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");
    private static final int MAX_DEPTH = 20;

    private final String location;
    private final int depth;

    private RecipeFile(String location, int depth) {
        this.location = location;
        this.depth = depth;
    }

    static Config parse(String location) {
        return new RecipeFile(location, 0).parse();
    }

    /** Parses text that has already been read. */
    static Config parse(String text, String origin) {
        try {
            ConfigParseOptions options =
                    ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF).setOriginDescription(origin);
            return ConfigFactory.parseString(text, options);
        } catch (ConfigException e) {
            throw RecipeErrors.failure(oneLine(e));
        }
    }

    private Config parse() {
        String text = read();
        ConfigParseOptions options = ConfigParseOptions.defaults()
                .setSyntax(ConfigSyntax.CONF)
                .setOriginDescription(location)
                .setIncluder(this);
        try {
            return ConfigFactory.parseString(text, options);
        } catch (ConfigException e) {
            throw RecipeErrors.failure(oneLine(e));
        }
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        if (depth == MAX_DEPTH) {
            throw RecipeErrors.failure(location + ": includes go in a circle");
        }
        return new RecipeFile(beside(what), depth + 1).parse().root();
    }

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return this;
    }

    private String beside(String what) {
        if (what.startsWith("/") || SCHEME.matcher(what).matches()) {
            return what;
        }
        return location.substring(0, location.lastIndexOf('/') + 1) + what;
    }

    private String read() {
        try (InputStream in = open()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw RecipeErrors.failure(location + ": no such file");
        } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
            throw new JobFailure(ExitCode.USAGE, "Cannot read recipe: " + location + ": " + e.getMessage(), e);
        }
    }

    private InputStream open() throws IOException {
        if (location.startsWith("file:")) {
            return Files.newInputStream(
                    Path.of(new org.apache.hadoop.fs.Path(location).toUri().getPath()));
        }
        if (!SCHEME.matcher(location).matches()) {
            return Files.newInputStream(Path.of(location));
        }
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(location);
        return path.getFileSystem(new Configuration()).open(path);
    }

    private static String oneLine(ConfigException e) {
        String message = String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
        return message.replaceFirst("^(.*?): (\\d+): ", "$1:$2: ");
    }
}
