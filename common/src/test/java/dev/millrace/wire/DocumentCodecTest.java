package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DocumentCodecTest {
    private static final DocumentEntry.Part PART = new DocumentEntry.Part(
            "00ff80a1b2c3d4e5f60718293a4b5c6d",
            new BlockPosition(3, Long.MAX_VALUE, 1L << 40, 999),
            new PartitionTotal(Long.MAX_VALUE, Long.MIN_VALUE),
            new TextStats(1, 2, 3));
    private static final DocumentEntry.Part GONE =
            new DocumentEntry.Part("", BlockPosition.NONE, PartitionTotal.ZERO, TextStats.NONE);

    @Test
    void everyDocumentComesBackAsItWas() {
        for (DocumentEntry document : List.of(
                new DocumentEntry("", 0, 0, List.of()),
                new DocumentEntry("2@17", Long.MAX_VALUE, Long.MIN_VALUE, List.of(PART)),
                new DocumentEntry("水車 \u0000\n", -1, -1, List.of(GONE, PART, GONE)))) {
            assertThat(DocumentCodec.decode(DocumentCodec.encode(document))).isEqualTo(document);
        }
    }

    @Test
    void whatIsCutShortOrTooLongIsRefused() {
        byte[] whole = DocumentCodec.encode(new DocumentEntry("v1", 1, 2, List.of(PART)));
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> DocumentCodec.decode(cut)).isInstanceOf(MalformedRecordException.class);
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThatThrownBy(() -> DocumentCodec.decode(longer)).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void anotherFormatIsRefusedByName() {
        assertThatThrownBy(() -> DocumentCodec.decode("{\"format\":1}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("format");
        assertThatThrownBy(() -> DocumentCodec.decode(null)).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void aHashThatIsNoHashIsNotWritten() {
        DocumentEntry odd = new DocumentEntry(
                "v", 0, 0, List.of(new DocumentEntry.Part("xyz", PART.block(), PART.total(), PART.text())));
        assertThatThrownBy(() -> DocumentCodec.encode(odd)).isInstanceOf(IllegalArgumentException.class);
    }
}
