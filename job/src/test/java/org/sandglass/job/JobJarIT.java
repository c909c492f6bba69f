package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is in the JAR that is submitted. */
class JobJarIT {

    private static final Pattern OURS =
            Pattern.compile("(org/sandglass|org/bytedeco|org/opencv|org/jspecify|META-INF)/.*");

    @Test
    void shouldHoldNoSparkNoScalaNoHadoopAndNoOtherPackageThatCouldBeSparks() throws IOException {
        try (JarFile jar = jar()) {
            List<String> foreign = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name ->
                            name.endsWith(".class") && !OURS.matcher(name).matches())
                    .toList();
            assertThat(foreign).isEmpty();
        }
    }

    @Test
    void shouldFindInTheBuildsSparkWhatItsClassesNeed() throws IOException {
        try (JarFile jar = jar()) {
            assertThat(LinkCheck.missing(jar)).isEmpty();
        }
    }

    @Test
    void shouldCarryItsNativesForLinuxAlone() throws IOException {
        try (JarFile jar = jar()) {
            Set<String> libraries = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.matches(".*\\.(so|dll|dylib)(\\.[0-9.]+)?"))
                    .collect(Collectors.toSet());
            assertThat(libraries)
                    .contains(
                            "org/bytedeco/javacpp/linux-x86_64/libjnijavacpp.so",
                            "org/bytedeco/dnnl/linux-x86_64/libjnidnnl.so",
                            "org/bytedeco/opencv/linux-x86_64/libjniopencv_imgcodecs.so")
                    .allMatch(name -> name.contains("/linux-x86_64/"));
        }
    }

    @Test
    void shouldStartSandglassAndKnowItsVersion() throws IOException {
        try (JarFile jar = jar()) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo("org.sandglass.job.Sandglass");
            String build = new String(
                    jar.getInputStream(jar.getEntry("sandglass-build.properties"))
                            .readAllBytes(),
                    java.nio.charset.StandardCharsets.UTF_8);
            assertThat(build).contains("version = ").doesNotContain("$");
            assertThat(jar.getEntry("META-INF/resources/webjars/uplot/1.6.30/dist/uPlot.iife.min.js"))
                    .isNotNull();
            assertThat(jar.getEntry("org/sandglass/job/quickstart.conf")).isNotNull();
        }
    }

    private static JarFile jar() throws IOException {
        return new JarFile(System.getProperty("sandglass.jar"));
    }
}
