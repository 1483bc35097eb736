package dev.millrace.bench;

import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * A word count that is running on a broker of its own in this JVM: documents come in one topic, and the newest count of
 * each word stands in another, under the word in UTF-8, as 8 bytes big-endian.
 */
interface CountingEngine extends AutoCloseable {
    /** Of the topics that words are divided over: 4, unless {@code -Dpartitions} says otherwise. */
    int WORD_PARTITIONS = Integer.getInteger("partitions", 4);
    /** Threads that do an engine's work: one a processor, unless {@code -Dmappers} says otherwise. */
    int THREADS = Integer.getInteger("mappers", Runtime.getRuntime().availableProcessors());

    String DOCUMENTS = "documents";

    String bootstrapServer();

    /** The topic of the counts. */
    String results();

    /** Stops the engine and its broker, and deletes what they kept. */
    @Override
    void close();

    /** Broker settings beyond the embedded broker's own, the same for every engine: {@code -Dbroker=key=value,...}. */
    static Map<String, String> brokerProperties() {
        return properties("broker");
    }

    /** @param name of a system property with {@code key=value,...} */
    static Map<String, String> properties(String name) {
        Map<String, String> properties = new TreeMap<>();
        StringTokenizer given = new StringTokenizer(System.getProperty(name, ""), ",");
        while (given.hasMoreTokens()) {
            String each = given.nextToken();
            properties.put(each.substring(0, each.indexOf('=')), each.substring(each.indexOf('=') + 1));
        }
        return properties;
    }

    static void createTopic(String bootstrapServer, String topic, int partitions)
            throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServer))) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                    .all()
                    .get();
        }
    }
}
