package dev.millrace.driver.continuous;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.shuffle.PairBlocks;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;

/**
 * Asks the ledger which documents hold a word. The ledger has no index, so all of it is read; what is asked for is found
 * by the keys of its records (task and change), which never stand for another block.
 */
final class LedgerScan {
    /** A block that the documents name can be gone when the ledger is read: its document has changed meanwhile. */
    private static final int TRIES = 5;

    private final ClusterSettings cluster;
    private final JobSpec job;
    private final byte[] word;
    /** A block, and the document that it is of. */
    private record Wanted(BlockPosition block, String document) {}

    private final Map<ByteBuffer, Wanted> wanted = new HashMap<>();

    private final Set<Integer> partitions = new HashSet<>();
    private final Map<String, Long> found = new TreeMap<>();

    private LedgerScan(ClusterSettings cluster, JobSpec job, String word) {
        this.cluster = cluster;
        this.job = job;
        this.word = word.getBytes(StandardCharsets.UTF_8);
    }

    static Holders holders(ClusterSettings cluster, JobSpec job, String word) {
        int missing = 0;
        for (int n = 0; n < TRIES; n++) {
            LedgerScan scan = new LedgerScan(cluster, job, word);
            scan.read();
            missing = scan.wanted.size();
            if (missing == 0) {
                return scan.result(word);
            }
        }
        throw new MillraceException(
                ExitCode.FAILED,
                "the ledger of the job " + job.name() + " lacks " + missing
                        + " blocks that its documents name: the documents change too fast, or the ledger is damaged");
    }

    private void read() {
        Snapshot.documents(cluster, job, -1).forEach((id, entry) -> {
            for (DocumentEntry.Part part : entry.parts()) {
                BlockPosition block = part.block();
                if (!block.isNone()) {
                    wanted.put(key(block), new Wanted(block, id));
                    partitions.add(block.partition());
                }
            }
        });
        for (int partition : partitions) {
            LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().ledger(job.id()), partition), -1, in -> {
                if (in.key() == null || in.value() == null) {
                    return; // a deletion came later than the documents
                }
                // What lies before the named place is another block, see BlockPosition; a copy behind it is the same
                // one.
                Wanted found = wanted.get(ByteBuffer.wrap(in.key()));
                if (found != null && in.offset() >= found.block().offset()) {
                    wanted.remove(ByteBuffer.wrap(in.key()));
                    count(found.document(), in.value());
                }
            });
        }
    }

    /** As the mapper writes it. */
    private static ByteBuffer key(BlockPosition block) {
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(block.task())
                .putInt(block.change())
                .flip();
    }

    private void count(String id, byte[] block) {
        PairBlocks.forEach(block, 0, block.length, (bytes, from, length, count) -> {
            if (length == word.length && Arrays.equals(bytes, from, from + length, word, 0, length)) {
                found.merge(id, count, Math::addExact);
            }
        });
    }

    private Holders result(String asked) {
        DocumentNames names = DocumentNames.of(job);
        List<Holders.Holder> documents = new ArrayList<>();
        long sum = 0;
        for (Map.Entry<String, Long> each : found.entrySet()) {
            documents.add(new Holders.Holder(each.getKey(), names.printable(each.getKey()), each.getValue()));
            sum += each.getValue();
        }
        documents.sort(
                Comparator.comparingLong(Holders.Holder::count).reversed().thenComparing(Holders.Holder::document));
        return new Holders(asked, sum, documents);
    }
}
