package dev.millrace.wire;

import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextRules;
import org.jspecify.annotations.Nullable;

/**
 * What a continuous job says of its documents, big-endian, each record beginning with its format (1 byte). Numbers in
 * brackets are lengths in bytes; a text is its length (4) and UTF-8, a list its length (4) and its elements, a hash its
 * length (1) and its bytes, a block partition (4), offset (8), task (8) and change (4), a total tokens (8) and digest (8),
 * stats bytes of text (8), invalid sequences (8) and oversized words (8).
 *
 * <pre>
 * document  length as stored (8), time of last modification (8), version (text), list of parts:
 *           hash, block, total, stats
 * task      job (8), number (8), attempt (4), partitions (4), profile (text), its version (4), list of stop words (text);
 *           list of documents: id (text), version (text), length (8), modified (8), parts (4);
 *           list of changes: document (4), part (4), base (block), hash, bytes (4)
 * done      job (8), task (8), attempt (4), execution (8), worker (text), list of parts (4), list of totals;
 *           list of blocks: partition (4), offset (8), total, stats
 * </pre>
 *
 * There is something of each for every change of a document. As JSON a document's were several times as long as the pairs
 * of a small text, and took a third of the processor.
 */
public final class DocumentCodec {
    /** 1 was JSON, and began with a brace. */
    private static final byte DOCUMENT = 2;

    /** 3 was a task that did not say what texts its bases were counted from. */
    private static final byte TASK_BEFORE = 3, DONE = 4, TASK = 5;
    /** What fields without a text in them come to, about. */
    private static final int HEADER_BYTES = 128, ELEMENT_BYTES = 96;

    private DocumentCodec() {}

    public static byte[] encode(DocumentEntry document) {
        RecordWriter out = new RecordWriter(
                        DOCUMENT,
                        HEADER_BYTES + ELEMENT_BYTES * document.parts().size())
                .putLong(document.bytes())
                .putLong(document.modifiedNanos())
                .putText(document.version())
                .putInt(document.parts().size());
        for (DocumentEntry.Part part : document.parts()) {
            out.putHash(part.hash())
                    .putBlock(part.block())
                    .putTotal(part.total())
                    .putStats(part.text());
        }
        return out.toBytes();
    }

    /** @throws MalformedRecordException if the bytes are not a document of this format */
    public static DocumentEntry document(byte @Nullable [] value) {
        return RecordReader.read("a document", DOCUMENT, value, in -> {
            long bytes = in.getLong(), modifiedNanos = in.getLong();
            return new DocumentEntry(
                    in.getText(),
                    bytes,
                    modifiedNanos,
                    in.getList(part ->
                            new DocumentEntry.Part(part.getHash(), part.getBlock(), part.getTotal(), part.getStats())));
        });
    }

    static boolean isTask(byte[] value) {
        return value.length > 0 && (value[0] == TASK || value[0] == TASK_BEFORE);
    }

    static byte[] encode(DocumentTask task) {
        TextRules rules = task.rules();
        RecordWriter out = new RecordWriter(
                        TASK,
                        HEADER_BYTES
                                + ELEMENT_BYTES
                                        * (task.documents().size()
                                                + task.changes().size()))
                .putLong(task.job().value())
                .putLong(task.number())
                .putInt(task.attempt())
                .putInt(task.partitions())
                .putText(rules.profile())
                .putInt(rules.version())
                .putInt(rules.stopWords().size());
        rules.stopWords().forEach(out::putText);
        out.putInt(task.documents().size());
        for (DocumentTask.Target document : task.documents()) {
            out.putText(document.id())
                    .putText(document.version())
                    .putLong(document.bytes())
                    .putLong(document.modifiedNanos())
                    .putInt(document.parts());
        }
        out.putInt(task.changes().size());
        for (DocumentTask.Change change : task.changes()) {
            out.putInt(change.document())
                    .putInt(change.part())
                    .putBlock(change.base())
                    .putHash(change.baseHash())
                    .putHash(change.hash())
                    .putInt(change.bytes());
        }
        return out.toBytes();
    }

    /** @throws MalformedRecordException if the bytes are not a task of this format */
    static DocumentTask task(byte[] value) {
        boolean isBefore = value[0] == TASK_BEFORE;
        return RecordReader.read("a task", isBefore ? TASK_BEFORE : TASK, value, in -> {
            JobId job = new JobId(in.getLong());
            long number = in.getLong();
            int attempt = in.getInt(), partitions = in.getInt();
            TextRules rules = new TextRules(in.getText(), in.getInt(), in.getList(RecordReader::getText));
            return new DocumentTask(
                    job,
                    number,
                    attempt,
                    rules,
                    partitions,
                    in.getList(document -> new DocumentTask.Target(
                            document.getText(),
                            document.getText(),
                            document.getLong(),
                            document.getLong(),
                            document.getInt())),
                    in.getList(change -> new DocumentTask.Change(
                            change.getInt(),
                            change.getInt(),
                            change.getBlock(),
                            isBefore ? TextHash.NONE : change.getHash(),
                            change.getHash(),
                            change.getInt())));
        });
    }

    static boolean isDone(byte[] value) {
        return value.length > 0 && value[0] == DONE;
    }

    static byte[] encode(Event.DocumentsDone done) {
        RecordWriter out = new RecordWriter(
                        DONE, HEADER_BYTES + ELEMENT_BYTES * done.blocks().size())
                .putLong(done.job().value())
                .putLong(done.task())
                .putInt(done.attempt())
                .putLong(done.execution())
                .putText(done.worker())
                .putInt(done.parts().size());
        done.parts().forEach(out::putInt);
        out.putInt(done.totals().size());
        for (PartitionTotal total : done.totals()) {
            out.putTotal(total);
        }
        out.putInt(done.blocks().size());
        for (Event.Block block : done.blocks()) {
            out.putInt(block.partition())
                    .putLong(block.offset())
                    .putTotal(block.total())
                    .putStats(block.text());
        }
        return out.toBytes();
    }

    /** @throws MalformedRecordException if the bytes are not an event of this format */
    static Event.DocumentsDone done(byte[] value) {
        return RecordReader.read("an event", DONE, value, in -> {
            JobId job = new JobId(in.getLong());
            long task = in.getLong();
            int attempt = in.getInt();
            long execution = in.getLong();
            return new Event.DocumentsDone(
                    job,
                    task,
                    attempt,
                    execution,
                    in.getText(),
                    in.getList(RecordReader::getInt),
                    in.getList(RecordReader::getTotal),
                    in.getList(block ->
                            new Event.Block(block.getInt(), block.getLong(), block.getTotal(), block.getStats())));
        });
    }
}
