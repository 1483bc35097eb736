package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

final class DocumentCodecTest {
    private static final DocumentEntry.Part PART = new DocumentEntry.Part(
            new TextHash(0x00ff80a1b2c3d4e5L, 0xf60718293a4b5c6dL),
            new BlockPosition(3, Long.MAX_VALUE, 1L << 40, 999),
            new PartitionTotal(Long.MAX_VALUE, Long.MIN_VALUE),
            new TextStats(1, 2, 3));
    private static final DocumentEntry.Part GONE =
            new DocumentEntry.Part(TextHash.NONE, BlockPosition.NONE, PartitionTotal.ZERO, TextStats.NONE);

    private static final DocumentTask TASK = new DocumentTask(
            new JobId(-2),
            Long.MAX_VALUE,
            Integer.MAX_VALUE,
            new TextRules("unicode", 7, List.of("a", "日本")),
            16,
            List.of(
                    new DocumentTask.Target("水車.txt", "2@17", Long.MAX_VALUE, Long.MIN_VALUE, 3),
                    new DocumentTask.Target("", "", -1, 0, 0)),
            List.of(
                    new DocumentTask.Change(0, 2, BlockPosition.NONE, TextHash.NONE, PART.hash(), Integer.MAX_VALUE),
                    new DocumentTask.Change(1, 0, PART.block(), PART.hash(), TextHash.NONE, -1)));
    private static final Event.DocumentsDone DONE = new Event.DocumentsDone(
            new JobId(Long.MAX_VALUE),
            1L << 40,
            3,
            Long.MIN_VALUE,
            "mapper-1/2",
            List.of(0, 2),
            List.of(PartitionTotal.ZERO, PART.total()),
            List.of(
                    new Event.Block(-1, -1, PartitionTotal.ZERO, TextStats.NONE),
                    new Event.Block(3, Long.MAX_VALUE, PART.total(), PART.text())));

    @Test
    void everyDocumentComesBackAsItWas() {
        for (DocumentEntry document : List.of(
                new DocumentEntry("", 0, 0, List.of()),
                new DocumentEntry("2@17", Long.MAX_VALUE, Long.MIN_VALUE, List.of(PART)),
                new DocumentEntry("水車 \u0000\n", -1, -1, List.of(GONE, PART, GONE)))) {
            assertThat(DocumentCodec.document(DocumentCodec.encode(document))).isEqualTo(document);
        }
    }

    @Test
    void everyTaskAndWhatBecameOfItComesBackAsItWas() {
        TextRules rules = new TextRules("pymotw", 1, List.of());
        for (DocumentTask task : List.of(TASK, new DocumentTask(new JobId(0), 0, 1, rules, 1, List.of(), List.of()))) {
            assertThat(ControlCodec.task(ControlCodec.encode(task))).isEqualTo(task);
        }
        for (Event done :
                List.of(DONE, new Event.DocumentsDone(new JobId(0), 0, 1, 0, "", List.of(), List.of(), List.of()))) {
            assertThat(ControlCodec.event(ControlCodec.encode(done))).isEqualTo(done);
        }
    }

    /** Tasks may lie in the log when the services are of a later release. */
    @Test
    void aTaskThatDoesNotSayOfWhatTextsItsBasesAreIsReadAsItWasWrittenBefore() {
        DocumentTask task = new DocumentTask(
                TASK.job(),
                1,
                1,
                TASK.rules(),
                1,
                TASK.documents(),
                List.of(new DocumentTask.Change(1, 0, PART.block(), TextHash.NONE, TextHash.NONE, -1)));
        byte[] now = ControlCodec.encode(task);
        int baseHash = now.length - Integer.BYTES - 2; // its length, that of the other hash, and the bytes
        byte[] before = new byte[now.length - 1];
        System.arraycopy(now, 0, before, 0, baseHash);
        System.arraycopy(now, baseHash + 1, before, baseHash, before.length - baseHash);
        before[0] = 3;
        assertThat(ControlCodec.task(before)).isEqualTo(task);
    }

    @Test
    void aTaskOfManyChangesIsLargerThanWasAllowedForAndStillWhole() {
        DocumentTask.Change change = TASK.changes().get(0);
        DocumentTask.Target target = new DocumentTask.Target("x".repeat(3_000), "v", 1, 2, 3);
        DocumentTask task = new DocumentTask(
                TASK.job(),
                1,
                1,
                TASK.rules(),
                4,
                Collections.nCopies(500, target),
                Collections.nCopies(2_000, change));
        assertThat(ControlCodec.task(ControlCodec.encode(task))).isEqualTo(task);
    }

    private static void assertNothingElseIsRead(byte[] whole, Function<byte[], ?> codec) {
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> codec.apply(cut)).isInstanceOf(MalformedRecordException.class);
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThatThrownBy(() -> codec.apply(longer)).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void whatIsCutShortOrTooLongIsRefused() {
        assertNothingElseIsRead(
                DocumentCodec.encode(new DocumentEntry("v1", 1, 2, List.of(PART))), DocumentCodec::document);
        assertNothingElseIsRead(ControlCodec.encode(TASK), ControlCodec::task);
        assertNothingElseIsRead(ControlCodec.encode(DONE), ControlCodec::event);
    }

    /** A length that is not true must not take the memory that it asks for. */
    @Test
    void aRecordWithAnyByteChangedIsReadAsAnotherOrRefused() {
        byte[] whole = ControlCodec.encode(TASK);
        for (int at = 0; at < whole.length; at++) {
            for (int change : new int[] {1, 0x7f, 0x80, 0xff}) {
                byte[] odd = whole.clone();
                odd[at] ^= (byte) change;
                try {
                    assertThat(ControlCodec.task(odd)).isNotEqualTo(TASK);
                } catch (MalformedRecordException refused) {
                    assertThat(refused.getMessage()).isNotBlank();
                }
            }
        }
    }

    @Test
    void aTaskThatCannotBeIsRefused() {
        byte[] none = ControlCodec.encode(TASK);
        Arrays.fill(none, 1 + 2 * Long.BYTES, 1 + 2 * Long.BYTES + Integer.BYTES, (byte) 0);
        assertThatThrownBy(() -> ControlCodec.task(none))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("attempt 0");
    }

    @Test
    void anotherFormatIsRefusedByName() {
        assertThatThrownBy(() -> DocumentCodec.document("{\"format\":1}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("format");
        assertThatThrownBy(() -> DocumentCodec.document(null)).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void aHashOfAnotherLengthIsRefused() {
        byte[] odd = DocumentCodec.encode(new DocumentEntry("", 0, 0, List.of(PART)));
        int length = 1 + 2 * Long.BYTES + 2 * Integer.BYTES;
        assertThat(odd[length]).isEqualTo((byte) 16);
        odd[length] = 15;
        assertThatThrownBy(() -> DocumentCodec.document(odd))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("15");
    }
}
