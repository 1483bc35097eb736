package dev.millrace.shuffle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LaneCodecTest {
    private static final JobId JOB = new JobId(0x0123456789abcdefL);
    private static final byte[] BLOCK = {4, 'm', 'i', 'l', 'l', 6};

    private static LaneRecord.Pairs pairs() {
        return new LaneRecord.Pairs(JOB, 7, -2, 1, 3, BLOCK, 0, BLOCK.length);
    }

    @Test
    void controlRecordsComeBackAsTheyWere() {
        for (LaneRecord record : new LaneRecord[] {
            new LaneRecord.Open(JOB),
            new LaneRecord.Cancel(new JobId(-1)),
            new LaneRecord.End(JOB, Integer.MAX_VALUE, new PartitionTotal(Long.MAX_VALUE, Long.MIN_VALUE)),
            new LaneRecord.End(JOB, 0, PartitionTotal.ZERO)
        }) {
            assertThat(LaneCodec.decode(LaneCodec.encode(record))).isEqualTo(record);
        }
    }

    @Test
    void pairsComeBackAsTheyWere() {
        LaneRecord.Pairs read = (LaneRecord.Pairs) LaneCodec.decode(LaneCodec.encode(pairs()));
        assertThat(read.job()).isEqualTo(JOB);
        assertThat(read.task()).isEqualTo(7);
        assertThat(read.execution()).isEqualTo(-2);
        assertThat(read.part()).isEqualTo(1);
        assertThat(read.parts()).isEqualTo(3);
        assertThat(Arrays.copyOfRange(read.bytes(), read.from(), read.to())).isEqualTo(BLOCK);
    }

    @Test
    void theLayoutIsTheDocumentedOne() {
        assertThat(LaneCodec.encode(new LaneRecord.Open(JOB)))
                .containsExactly(1, 1, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);
        assertThat(LaneCodec.encode(pairs()))
                .containsExactly(
                        1, 2, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 7, -1, -1, -1, -1, -1, -1, -1,
                        -2, 0, 0, 0, 1, 0, 0, 0, 3, 4, 'm', 'i', 'l', 'l', 6);
    }

    @Test
    void theKeyIsTheFirstWord() {
        assertThat(LaneCodec.keyOf(pairs().bytes(), pairs().from(), pairs().to()))
                .asString()
                .isEqualTo("mill");
        byte[] block = new byte[2 + 300 + 1];
        Arrays.fill(block, (byte) 'x');
        block[0] = (byte) (300 & 0x7f | 0x80);
        block[1] = 300 >> 7;
        block[302] = 2;
        assertThat(LaneCodec.keyOf(block, 0, block.length)).hasSize(300).containsOnly('x');
    }

    @Test
    void aKeyIsNeverLookedForOutsideOfTheBlock() {
        byte[][] blocks = {
            {5, 'm', 'i', 'l', 'l', 6}, // a word that goes on behind the block
            {(byte) 0x80}, // a length that does
            {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f},
            {4, 'm', 'i', 'l', 'l'} // no count
        };
        for (byte[] block : blocks) {
            for (byte[] bytes : new byte[][] {block, Arrays.copyOf(block, 64)}) {
                LaneRecord.Pairs pairs = new LaneRecord.Pairs(JOB, 0, 0, 0, 1, bytes, 0, block.length);
                assertThatThrownBy(() -> LaneCodec.keyOf(pairs.bytes(), pairs.from(), pairs.to()))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void pairsWithoutAnyPairAreRefused() {
        byte[] whole = LaneCodec.encode(pairs());
        byte[] empty = Arrays.copyOf(whole, whole.length - BLOCK.length);
        assertThatThrownBy(() -> LaneCodec.decode(empty))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("block of pairs");
        assertThatThrownBy(() -> new LaneRecord.Pairs(JOB, 0, 0, 0, 1, BLOCK, 2, 2))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void negativeNumbersAreRefused() {
        byte[] end = LaneCodec.encode(new LaneRecord.End(JOB, 1, PartitionTotal.ZERO));
        end[10] = -1;
        assertThatThrownBy(() -> LaneCodec.decode(end))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("END of -");
        for (int at : new int[] {10, 22, 26}) { // task, part, parts
            byte[] pairs = LaneCodec.encode(pairs());
            pairs[at] = -1;
            assertThatThrownBy(() -> LaneCodec.decode(pairs)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void whatIsNoRecordIsRefusedAndNothingElseIsThrown() {
        Random random = new Random(3);
        byte[][] whole = {
            LaneCodec.encode(new LaneRecord.Open(JOB)),
            LaneCodec.encode(new LaneRecord.End(JOB, 1, PartitionTotal.ZERO)),
            LaneCodec.encode(pairs())
        };
        for (byte[] record : whole) {
            int needed = record == whole[2] ? record.length - BLOCK.length + 1 : record.length;
            for (int length = 0; length < needed; length++) {
                byte[] cut = Arrays.copyOf(record, length);
                assertThatThrownBy(() -> LaneCodec.decode(cut)).isInstanceOf(IllegalArgumentException.class);
            }
        }
        for (int i = 0; i < 20_000; i++) {
            byte[] garbage = new byte[random.nextInt(60)];
            random.nextBytes(garbage);
            if (garbage.length > 1) {
                garbage[0] = 1;
                garbage[1] = (byte) random.nextInt(6);
            }
            try {
                assertThat(LaneCodec.decode(garbage).job()).isNotNull();
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }
}
