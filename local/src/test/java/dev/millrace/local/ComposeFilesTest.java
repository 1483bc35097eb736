package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the overlay of three brokers has to repeat of {@code docker-compose.yml}, as anchors end with a file. */
class ComposeFilesTest {
    private static final Pattern SERVICE = Pattern.compile("(?m)^  ([a-z0-9-]+):");
    private static final Pattern SETTING = Pattern.compile("(?m)^ +([A-Z][A-Z_]+): (.*)$");

    /** Drivers of continuous jobs knew the first broker alone: with it gone, each start of them failed. */
    @Test
    void everyServiceKnowsAllThreeBrokers() throws IOException {
        String overlay = read("deploy/compose.three-brokers.yml");
        List<String> services = SERVICE.matcher(section(read("docker-compose.yml"), "services:"))
                .results()
                .map(found -> found.group(1))
                .filter(name -> !name.equals("broker"))
                .toList();
        assertThat(services).contains("init", "mapper", "stream");
        assertThat(services)
                .allSatisfy(name ->
                        assertThat(section(overlay, "  " + name + ":")).as(name).contains("*bootstrap"));
    }

    /** The topic of positions had segments of a gigabyte where the second or third broker happened to make it. */
    @Test
    void allThreeBrokersHaveTheSameSettings() throws IOException {
        String overlay = read("deploy/compose.three-brokers.yml");
        String replication = section(overlay, "x-replication:");
        Map<String, String> first = settings(section(read("docker-compose.yml"), "  broker:"), replication);
        Map<String, String> others = settings(section(overlay, "x-broker-environment:"), replication);
        assertThat(first.keySet()).contains("KAFKA_NODE_ID", "KAFKA_ADVERTISED_LISTENERS");
        first.keySet().removeAll(List.of("KAFKA_NODE_ID", "KAFKA_ADVERTISED_LISTENERS"));
        assertThat(others).isEqualTo(first);
    }

    /** Of what stands in several, the last counts. */
    private static Map<String, String> settings(String... sections) {
        return Stream.of(sections)
                .flatMap(section -> SETTING.matcher(section).results())
                .collect(Collectors.toMap(
                        found -> found.group(1),
                        found -> found.group(2).strip(),
                        (earlier, later) -> later,
                        TreeMap::new));
    }

    /** The lines below one that begins so, up to the next that is indented no deeper. */
    private static String section(String file, String head) {
        List<String> lines =
                file.lines().dropWhile(line -> !line.startsWith(head)).skip(1).toList();
        String deeper = " ".repeat(head.length() - head.stripLeading().length() + 1);
        String found = lines.stream()
                .takeWhile(line -> line.isBlank() || line.startsWith(deeper))
                .collect(Collectors.joining("\n"));
        assertThat(found).as("what stands below '" + head.strip() + "'").isNotBlank();
        return found;
    }

    private static String read(String file) throws IOException {
        return Files.readString(DocumentsTest.ROOT.resolve(file));
    }
}
