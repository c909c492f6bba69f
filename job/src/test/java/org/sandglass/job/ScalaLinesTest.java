package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One JAR for Scala 2.12 and 2.13: its classes name nothing of Scala's that the two lines declare differently. */
class ScalaLinesTest {

    private static final Pattern SCALA_CLASS = Pattern.compile("L(scala/[^;]*);");

    /** What has the same descriptors in both: {@code Seq}, {@code Traversable} and what is built on them has not. */
    private static final List<String> SAME = List.of(
            "scala/Function0",
            "scala/Function1",
            "scala/Option",
            "scala/Product2",
            "scala/Tuple2",
            "scala/collection/Iterator",
            "scala/collection/Iterator$",
            "scala/math/Ordering",
            "scala/math/Ordering$",
            "scala/reflect/ClassTag",
            "scala/reflect/ClassTag$");

    @Test
    void shouldNameNothingThatDiffersBetweenScalasLines() throws IOException {
        List<LinkCheck.Member> references = references(Path.of("target", "classes", "org", "sandglass"));
        assertThat(references)
                .filteredOn(member -> member.owner().startsWith("org/apache/spark/"))
                .hasSizeGreaterThan(50);
        assertThat(references).allSatisfy(member -> {
            List<String> types = SCALA_CLASS
                    .matcher(member.descriptor())
                    .results()
                    .map((MatchResult match) -> match.group(1))
                    .toList();
            assertThat(SAME).as(member::toString).containsAll(types);
        });
    }

    private static List<LinkCheck.Member> references(Path directory) throws IOException {
        List<LinkCheck.Member> references = new ArrayList<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                try (InputStream in = Files.newInputStream(file)) {
                    references.addAll(LinkCheck.read(in).references());
                }
            }
        }
        return references;
    }
}
