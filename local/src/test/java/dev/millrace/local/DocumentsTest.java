package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every type, package and path that a document names in backticks, or links to, exists. What is not one of these three
 * (a command, a setting, a topic) is left alone: a name counts as a type when it looks like {@code ChunkPlanner}, as a
 * package when it begins with {@code dev.millrace.}, as a path when it holds a slash or ends like a file.
 */
class DocumentsTest {
    static final Path ROOT = repository();
    private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:\\s]+)(?:#[^)]*)?\\)");
    private static final Pattern TYPE = Pattern.compile("[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+(?:\\.[A-Z]\\w+)?");
    private static final Pattern PACKAGE_OR_TYPE = Pattern.compile("dev\\.millrace(?:\\.\\w+)+");
    private static final Pattern PATH =
            Pattern.compile("(?:\\./)?[\\w.-]*(?:/[\\w.-]*)+|[\\w-]+\\.(?:md|xml|yml|java)|mvnw");

    private static final Set<Path> FILES = files();
    private static final Set<String> TYPES = FILES.stream()
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".java"))
            .map(name -> name.substring(0, name.length() - ".java".length()))
            .collect(Collectors.toCollection(TreeSet::new));

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"})
    void everyTypePackageAndPathItNamesExists(String document) throws IOException {
        String text = Files.readString(ROOT.resolve(document), StandardCharsets.UTF_8);
        Set<String> missing = new LinkedHashSet<>();
        int checked = 0;
        for (String name : names(CODE, text)) {
            if (isChecked(name)) {
                checked += 1;
                if (!exists(name)) {
                    missing.add(name);
                }
            }
        }
        for (String target : names(LINK, text)) {
            checked += 1;
            if (!Files.exists(ROOT.resolve(target))) {
                missing.add(target);
            }
        }
        assertThat(missing).as("names in " + document + " that do not exist").isEmpty();
        assertThat(checked).as("names found in " + document).isPositive();
    }

    private static boolean isChecked(String name) {
        return TYPE.matcher(name).matches() || PACKAGE_OR_TYPE.matcher(name).matches() || isPath(name);
    }

    /** Paths of the reader's own ({@code /data}, {@code ~/.m2}) are not ours to check. */
    private static boolean isPath(String name) {
        return PATH.matcher(name).matches() && !name.startsWith("/") && !name.startsWith("target/");
    }

    private static boolean exists(String name) {
        if (PACKAGE_OR_TYPE.matcher(name).matches()) {
            String path = name.replace('.', '/');
            return FILES.stream()
                    .map(Path::toString)
                    .anyMatch(file -> file.endsWith("java/" + path + ".java") || file.contains("java/" + path + "/"));
        }
        if (TYPE.matcher(name).matches()) {
            int dot = name.indexOf('.');
            return TYPES.contains(dot < 0 ? name : name.substring(0, dot));
        }
        return Files.exists(ROOT.resolve(name));
    }

    private static List<String> names(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text.replaceAll("(?s)```.*?```", ""));
        return matcher.results().map(result -> result.group(1)).toList();
    }

    private static Set<Path> files() {
        try (Stream<Path> files = Files.find(
                ROOT,
                20,
                (path, attributes) ->
                        attributes.isRegularFile() && path.toString().contains("/src/"))) {
            return files.map(ROOT::relativize).collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Path repository() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("mvnw"))) {
                return folder;
            }
        }
        throw new IllegalStateException("the tests do not run below the repository");
    }
}
