package dev.millrace.shuffle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.PartitionTotal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class PairBlocksTest {
    private static byte[] bytes(ByteBuffer block) {
        byte[] bytes = new byte[block.remaining()];
        block.get(bytes);
        return bytes;
    }

    private static byte[] latin1(String word) {
        return word.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static WordTable randomTable(Random random, int words) {
        WordTable table = new WordTable();
        for (int i = 0; i < words; i++) {
            byte[] word = new byte[1 + (int) Math.abs(random.nextGaussian() * (i % 500 == 0 ? 3000 : 8))];
            for (int k = 0; k < word.length; k++) {
                word[k] = (byte) (1 + random.nextInt(255));
            }
            table.add(word, 0, word.length, random.nextLong() >> 10 + random.nextInt(54));
        }
        return table;
    }

    private static Map<String, Long> map(WordTable table) {
        Map<String, Long> map = new HashMap<>();
        table.forEach((word, from, length, count) ->
                map.put(new String(word, from, length, StandardCharsets.ISO_8859_1), count));
        return map;
    }

    /** Reads a block by the written format alone. */
    private static Map<String, Long> plainRead(byte[] block) {
        Map<String, Long> pairs = new HashMap<>();
        int[] at = {0};
        while (at[0] < block.length) {
            int length = (int) plainVarint(block, at);
            String word = new String(block, at[0], length, StandardCharsets.ISO_8859_1);
            at[0] += length;
            long zigzag = plainVarint(block, at);
            pairs.merge(word, (zigzag & 1) == 0 ? zigzag >>> 1 : ~(zigzag >>> 1), Long::sum);
        }
        return pairs;
    }

    private static long plainVarint(byte[] block, int[] at) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = block[at[0]++];
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    @Test
    void holdsEveryPairInTheBlocksOfItsPartition() {
        Random random = new Random(1);
        PairBlocks blocks = new PairBlocks(7);
        for (int round = 0; round < 3; round++) {
            WordTable table = randomTable(random, 200_000);
            blocks.addAll(table, StopWords.NONE);
            Map<String, Long> want = map(table);
            want.values().removeIf(count -> count == 0);
            Map<String, Long> got = new HashMap<>();
            WordTable merged = new WordTable();
            PartitionTotal sum = PartitionTotal.ZERO;
            long size = 0;
            for (int p = 0; p < 7; p++) {
                PartitionTotal total = PartitionTotal.ZERO;
                for (ByteBuffer view : blocks.blocks(p)) {
                    byte[] block = bytes(view);
                    assertThat(block).hasSizeBetween(1, PairBlocks.MAX_BLOCK_BYTES);
                    size += block.length;
                    Map<String, Long> pairs = plainRead(block);
                    for (String word : pairs.keySet()) {
                        assertThat((Utils.murmur2(latin1(word)) & 0x7fffffff) % 7)
                                .isEqualTo(p);
                    }
                    got.putAll(pairs);
                    WordTable part = new WordTable();
                    PairBlocks.forEach(block, 0, block.length, part::add);
                    assertThat(map(part)).isEqualTo(pairs);
                    total = total.plus(part.total());
                    PairBlocks.addTo(merged, block, 0, block.length);
                }
                assertThat(blocks.total(p)).isEqualTo(total);
                sum = sum.plus(total);
            }
            assertThat(got).isEqualTo(want);
            assertThat(map(merged)).isEqualTo(want);
            assertThat(blocks.pairs()).isEqualTo(want.size());
            assertThat(blocks.bytes()).isEqualTo(size);
            assertThat(sum).isEqualTo(table.total());
            blocks.clear();
            assertThat(blocks.pairs()).isZero();
            assertThat(blocks.blocks(3)).isEmpty();
            assertThat(blocks.total(3)).isEqualTo(PartitionTotal.ZERO);
        }
    }

    @Test
    void cutsBlocksAtTheLimit() {
        PairBlocks blocks = new PairBlocks(1);
        byte[] word = new byte[60_000];
        Arrays.fill(word, (byte) 'x');
        for (int i = 0; i < 20; i++) {
            blocks.add(word, 0, word.length - i, 1);
        }
        assertThat(blocks.blocks(0)).hasSize(3);
        byte[] tooLong = new byte[PairBlocks.MAX_BLOCK_BYTES];
        Arrays.fill(tooLong, (byte) 'x');
        assertThatThrownBy(() -> blocks.add(tooLong, 0, tooLong.length, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fits no block");
    }

    @Test
    void leavesOutStopWordsAndWordsAtZero() {
        WordTable table = new WordTable();
        for (String word : List.of("the", "mill", "race", "incomprehensibilities", "an-even-longer-stop-word")) {
            table.add(latin1(word), 0, word.length(), 2);
        }
        table.add(latin1("race"), 0, 4, -2);
        PairBlocks blocks = new PairBlocks(1);
        blocks.addAll(table, StopWords.of(List.of("the", "an-even-longer-stop-word")));
        byte[] block = bytes(blocks.blocks(0).get(0));
        assertThat(plainRead(block)).isEqualTo(Map.of("mill", 2L, "incomprehensibilities", 2L));
        assertThat(blocks.total(0).tokens()).isEqualTo(4);
    }

    @Test
    void countsOfAllSizesSurvive() {
        List<Long> counts = new ArrayList<>(List.of(Long.MAX_VALUE, Long.MIN_VALUE, 1L, -1L, 63L, 64L, -64L, -65L));
        for (long count : counts) {
            PairBlocks blocks = new PairBlocks(1);
            blocks.add(latin1("word"), 0, 4, count);
            byte[] block = bytes(blocks.blocks(0).get(0));
            assertThat(plainRead(block)).isEqualTo(Map.of("word", count));
            WordTable table = new WordTable();
            PairBlocks.addTo(table, block, 0, block.length);
            assertThat(table.get(latin1("word"), 0, 4)).isEqualTo(count);
        }
    }

    @Test
    void aBlockCutOffOrChangedIsRefusedOrReadsAsOtherPairs() {
        WordTable table = randomTable(new Random(9), 30);
        PairBlocks blocks = new PairBlocks(1);
        blocks.addAll(table, StopWords.NONE);
        byte[] block = bytes(blocks.blocks(0).get(0));
        int refused = 0;
        for (int end = 0; end < block.length; end++) {
            WordTable part = new WordTable();
            try {
                PairBlocks.addTo(part, block, 0, end);
            } catch (IllegalArgumentException e) {
                refused++;
                assertThat(part.size()).isZero();
                assertThat(e).hasMessageStartingWith("malformed block of pairs");
            }
        }
        assertThat(refused).isEqualTo(block.length - (int) blocks.pairs());
        Random random = new Random(10);
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = block.clone();
            changed[random.nextInt(block.length)] = (byte) random.nextInt();
            try {
                Map<String, Long> pairs = new HashMap<>();
                PairBlocks.forEach(
                        changed,
                        0,
                        changed.length,
                        (word, from, length, count) -> pairs.merge(
                                new String(word, from, length, StandardCharsets.ISO_8859_1), count, Long::sum));
                assertThat(pairs).isEqualTo(plainRead(changed));
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageStartingWith("malformed block of pairs");
            }
        }
    }

    @Test
    void refusesMalformedPairs() {
        assertMalformed("00 02"); // no word
        assertMalformed("01 00 02"); // a zero byte
        assertMalformed("02 61"); // cut off in the word
        assertMalformed("01 61"); // no count
        assertMalformed("01 61 80"); // cut off in the count
        assertMalformed("81 00 61 02"); // a longer number than needed
        assertMalformed("01 61 82 00");
        assertMalformed("01 61 FF FF FF FF FF FF FF FF FF 02"); // beyond 64 bits
        assertMalformed("01 61 FF FF FF FF FF FF FF FF FF 81 00");
        assertMalformed("FF FF FF FF 0F 61 02"); // longer than any array
        assertMalformed("FF FF FF FF FF FF FF FF FF 01 61 02");
        assertMalformed("01 62 02 01 61"); // a good pair first
    }

    private static void assertMalformed(String hex) {
        byte[] block = new byte[hex.length() / 3 + 1];
        for (int i = 0; i < block.length; i++) {
            block[i] = (byte) Integer.parseInt(hex, 3 * i, 3 * i + 2, 16);
        }
        WordTable table = new WordTable();
        assertThatThrownBy(() -> PairBlocks.addTo(table, block, 0, block.length))
                .as(hex)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("malformed block of pairs");
        assertThat(table.size()).isZero();
    }

    @Test
    void readsAStretchOfAnArray() {
        byte[] block = {9, 9, 1, 'a', 4, 2, 'b', 'c', 1, 9};
        WordTable table = new WordTable();
        PairBlocks.addTo(table, block, 2, 9);
        assertThat(map(table)).isEqualTo(Map.of("a", 2L, "bc", -1L));
    }
}
