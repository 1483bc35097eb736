package dev.millrace.bench;

import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.wire.ControlCodec;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;

/**
 * Where the time of a document goes, by the times at which the records it led to were made: milliseconds, so a stage is
 * told to a millisecond at best. Of documents behind the first half only, when the machine is warm.
 */
final class Stages {
    private Stages() {}

    /** @param sent by number of the document, when it was sent, milliseconds since 1970 */
    static void print(ClusterSettings cluster, JobId job, long[] sent) {
        int n = sent.length;
        long[] handedOut = new long[n], counted = new long[n], published = new long[n];
        Map<Long, int[]> byTask = new HashMap<>();
        String key = job.toString();
        LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().tasks(), 0), -1, in -> {
            if (key.equals(new String(in.key(), StandardCharsets.US_ASCII))
                    && ControlCodec.task(in.value()) instanceof DocumentTask task
                    && task.attempt() == 1) {
                int[] numbers = task.documents().stream()
                        .mapToInt(each -> number(each.id()))
                        .toArray();
                byTask.put(task.number(), numbers);
                for (int each : numbers) {
                    handedOut[each] = in.timestamp();
                }
            }
        });
        LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().events(), 0), -1, in -> {
            if (ControlCodec.event(in.value()) instanceof Event.DocumentsDone done) {
                for (int each : byTask.getOrDefault(done.task(), new int[0])) {
                    counted[each] = in.timestamp();
                }
            }
        });
        // Those that the driver counted itself stand in no task, but their entries are of the same transaction.
        AtomicInteger inline = new AtomicInteger();
        LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().documents(job), 0), -1, in -> {
            int document = number(new String(in.key(), StandardCharsets.UTF_8));
            if (handedOut[document] == 0) {
                handedOut[document] = in.timestamp();
                counted[document] = in.timestamp();
                inline.incrementAndGet();
            }
        });
        for (int p = 0; p < Integer.getInteger("partitions", 4); p++) {
            LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().results(job), p), -1, in -> {
                int document = Workload.markedBy(in.key());
                if (document >= 0) {
                    published[document] = in.timestamp();
                }
            });
        }
        print("sent to handed out   ", sent, handedOut);
        print("handed out to counted", handedOut, counted);
        print("counted to reduced   ", counted, published);
        System.out.printf(
                Locale.ROOT, "%d tasks for mappers, %d documents counted by the driver%n", byTask.size(), inline.get());
    }

    private static int number(String document) {
        return Integer.parseInt(document.substring("doc-".length()));
    }

    private static void print(String what, long[] from, long[] to) {
        int n = from.length, begin = n / 2;
        long[] took = new long[n - begin];
        for (int i = begin; i < n; i++) {
            took[i - begin] = to[i] - from[i];
        }
        Arrays.sort(took);
        System.out.printf(
                Locale.ROOT,
                "%s: p50 %d ms, p90 %d ms, p99 %d ms%n",
                what,
                took[took.length / 2],
                took[took.length * 9 / 10],
                took[took.length * 99 / 100]);
    }
}
