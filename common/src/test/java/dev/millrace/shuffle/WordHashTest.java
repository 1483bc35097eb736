package dev.millrace.shuffle;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class WordHashTest {
    private static byte[] randomWord(Random random, int length) {
        byte[] word = new byte[length];
        for (int i = 0; i < length; i++) {
            word[i] = (byte) (1 + random.nextInt(255));
        }
        return word;
    }

    private static long head(byte[] word) {
        return Lanes.lane(word, 0, word.length);
    }

    private static long tail(byte[] word) {
        return word.length > 8 ? Lanes.lane(word, 8, word.length - 8) : 0;
    }

    @Test
    void placesWordsLikeKafkasDefaultPartitioner() {
        Random random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            byte[] word = randomWord(random, 1 + i % 40);
            byte[] among = new byte[word.length + 7];
            System.arraycopy(word, 0, among, 3, word.length);
            assertThat(WordHash.murmur2(among, 3, word.length)).isEqualTo(Utils.murmur2(word));
            int partitions = 1 + random.nextInt(100);
            assertThat(WordHash.partition(word, partitions))
                    .isEqualTo(BuiltInPartitioner.partitionForKey(word, partitions));
        }
    }

    @Test
    void hashesInlineWordsLikeTheirBytes() {
        Random random = new Random(4);
        for (int i = 0; i < 20_000; i++) {
            byte[] word = randomWord(random, 1 + i % 16);
            assertThat(Lanes.length(head(word), tail(word))).isEqualTo(word.length);
            assertThat(WordHash.murmur2(head(word), tail(word), word.length)).isEqualTo(Utils.murmur2(word));
            assertThat(WordHash.h64(head(word), tail(word), word.length)).isEqualTo(WordHash.h64(word, 0, word.length));
        }
    }

    /** Values computed once by hand-written Python: the hash is part of the wire format. */
    @Test
    void theDigestHashNeverChanges() {
        assertThat(hex("a")).isEqualTo(EXPECTED[0]);
        assertThat(hex("the")).isEqualTo(EXPECTED[1]);
        assertThat(hex("millrace")).isEqualTo(EXPECTED[2]);
        assertThat(hex("incomprehensibilities")).isEqualTo(EXPECTED[3]);
        assertThat(hex("\u4e2d\u6587")).isEqualTo(EXPECTED[4]);
    }

    private static final String[] EXPECTED = {
        "01269152e08b0e3d", "59ac9d5095d84c2d", "502a0a3527258fe2", "8d176d2ed279c33e", "e5a9eeef52c75e3c"
    };

    private static String hex(String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        return String.format("%016x", WordHash.h64(bytes, 0, bytes.length));
    }

    @Test
    void theDigestHashChangesHalfItsBitsWithAnyBit() {
        Random random = new Random(5);
        for (int length : new int[] {1, 2, 7, 8, 9, 16, 17, 40}) {
            long flipped = 0;
            int cases = 0;
            for (int i = 0; i < 300; i++) {
                byte[] word = randomWord(random, length);
                long before = WordHash.h64(word, 0, length);
                for (int bit = 0; bit < 8 * length; bit++) {
                    word[bit / 8] ^= (byte) (1 << bit % 8);
                    flipped += Long.bitCount(before ^ WordHash.h64(word, 0, length));
                    word[bit / 8] ^= (byte) (1 << bit % 8);
                    cases++;
                }
            }
            assertThat((double) flipped / cases).as("length %d", length).isBetween(31.5, 32.5);
        }
    }

    @Test
    void theDigestHashTellsLikeWordsApart() {
        Set<Long> hashes = new HashSet<>();
        int words = 0;
        for (int i = 0; i < 200_000; i++, words++) {
            byte[] word = ("word" + i).getBytes(StandardCharsets.US_ASCII);
            hashes.add(WordHash.h64(word, 0, word.length));
        }
        for (int n = 1; n <= 100; n++, words++) {
            hashes.add(WordHash.h64("a".repeat(n).getBytes(StandardCharsets.US_ASCII), 0, n));
        }
        assertThat(hashes).hasSize(words);
    }
}
