package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What is shipped is a decision, and not what a dependency happens to bring. */
class RuntimeDependenciesTest {

    private static final Path LISTED = Path.of("runtime-dependencies.txt");
    private static final Path RESOLVED = Path.of("target", "runtime-dependencies.txt");
    private static final Pattern ARTIFACT =
            Pattern.compile("^\\s+(\\S+:jar:\\S+):(compile|runtime)\\b", Pattern.MULTILINE);

    @Test
    void shouldShipWhatIsListed() throws IOException {
        List<String> resolved = ARTIFACT.matcher(Files.readString(RESOLVED))
                .results()
                .map((MatchResult match) -> match.group(1))
                .sorted()
                .toList();
        List<String> listed = Files.readAllLines(LISTED).stream()
                .filter(line -> !line.startsWith("#"))
                .toList();
        assertThat(listed)
                .as(
                        "job/runtime-dependencies.txt must list the JARs that Maven resolves, sorted. If each of them is meant"
                                + " to be shipped (licence, size, relocation in job/pom.xml), write these lines there:%n%s",
                        String.join("\n", resolved))
                .isEqualTo(resolved);
    }
}
