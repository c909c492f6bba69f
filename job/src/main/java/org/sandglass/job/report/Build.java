package org.sandglass.job.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version and the commit that this program was built from. */
public record Build(String version, String commit) {

    /** Reads what Maven wrote; {@code commit} is {@code unknown} where it was built outside of a checkout. */
    public static Build current() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream("/sandglass-build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read sandglass-build.properties", e);
        }
        String commit = properties.getProperty("commit", "");
        boolean known = !commit.isEmpty() && !commit.contains("$");
        return new Build(properties.getProperty("version", "unknown"), known ? commit : "unknown");
    }
}
