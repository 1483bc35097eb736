package dev.millrace.driver.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TableFormatTest {
    private static final String SUPPLEMENTARY = new String(Character.toChars(0x10428));

    @Test
    void theTableIsTheSeeds() throws IOException {
        ResultTable table = Words.table(Map.of("process", 41L, "multiprocessing", 22L, "worker", 123456L));
        assertThat(Words.print(TableFormat.TABLE, table, 0)).isEqualTo("""

                TOP 20 WORDS BY FREQUENCY

                worker          : 123456
                process         :    41
                multiprocessing :    22
                """);
    }

    /** The seed's rule in the words of printf, where Python's len counts code points and Java's counts UTF-16 units. */
    @Test
    void padsByCodePoints() throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("été", 1_234_567L);
        counts.put("語", 99_999L);
        counts.put("abc", 1_000L);
        counts.put(SUPPLEMENTARY.repeat(4), 10L);
        counts.put("longest-but-not-printed", 1L);
        String[] lines = Words.print(TableFormat.TABLE, Words.table(counts), 4).split("\n", -1);
        assertThat(lines).hasSize(8);
        assertThat(lines[1]).isEqualTo("TOP 4 WORDS BY FREQUENCY");
        List<Map.Entry<String, Long>> printed = List.copyOf(counts.entrySet()).subList(0, 4);
        for (int i = 0; i < 4; i++) {
            String word = printed.get(i).getKey();
            int units = 4 + 1 + word.length() - word.codePointCount(0, word.length());
            assertThat(lines[3 + i])
                    .isEqualTo(String.format(
                            Locale.ROOT,
                            "%-" + units + "s: %5s",
                            word,
                            printed.get(i).getValue()));
        }
    }

    @Test
    void fewerWordsThanAskedForKeepTheHeading() throws IOException {
        assertThat(Words.print(TableFormat.TABLE, Words.table(Map.of("a", 1L)), 50))
                .isEqualTo("\nTOP 50 WORDS BY FREQUENCY\n\na :     1\n");
    }

    @Test
    void anEmptyResult() throws IOException {
        ResultTable none = Words.table(Map.of());
        assertThat(Words.print(TableFormat.TABLE, none, 0)).isEqualTo("\nTOP 20 WORDS BY FREQUENCY\n\nno words\n");
        assertThat(Words.print(TableFormat.TSV, none, 0)).isEmpty();
        assertThat(Words.print(TableFormat.CSV, none, 0)).isEqualTo("word,count\n");
        assertThat(new ObjectMapper().readTree(Words.print(TableFormat.JSON, none, 0)))
                .isEmpty();
    }

    @Test
    void allWordsUnlessTold() throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (int i = 0; i < 100; i++) {
            counts.put("w" + i, 1000L - i);
        }
        ResultTable table = Words.table(counts);
        String tsv = Words.print(TableFormat.TSV, table, 0);
        assertThat(tsv.lines()).hasSize(100);
        assertThat(tsv).startsWith("w0\t1000\nw1\t999\n").endsWith("w99\t901\n");
        assertThat(Words.print(TableFormat.TSV, table, 3)).isEqualTo("w0\t1000\nw1\t999\nw2\t998\n");
        assertThat(Words.print(TableFormat.TABLE, table, 0).lines()).hasSize(3 + 20);
    }

    @Test
    void csvQuotesWhatNeedsIt() throws IOException {
        ResultTable table = Words.table(Map.of("plain", 3L, "with,comma", 2L, "with\"quote", 1L));
        assertThat(Words.print(TableFormat.CSV, table, 0))
                .isEqualTo("word,count\nplain,3\n\"with,comma\",2\n\"with\"\"quote\",1\n");
    }

    @Test
    void jsonIsAnArrayInOrder() throws IOException {
        ResultTable table = Words.table(Map.of("don't", 1L, SUPPLEMENTARY, 2L, "\"\u0001", Long.MAX_VALUE / 2));
        JsonNode json = new ObjectMapper().readTree(Words.print(TableFormat.JSON, table, 0));
        assertThat(json).hasSize(3);
        assertThat(json.get(0).get("word").textValue()).isEqualTo("\"\u0001");
        assertThat(json.get(0).get("count").longValue()).isEqualTo(Long.MAX_VALUE / 2);
        assertThat(json.get(1).get("word").textValue()).isEqualTo(SUPPLEMENTARY);
        assertThat(json.get(2).get("word").textValue()).isEqualTo("don't");
    }

    /** A reader that has gone must stop the writing, in every form, with the error the stream gave. */
    @ParameterizedTest
    @EnumSource(TableFormat.class)
    void aStreamThatFailsStopsTheWriting(TableFormat format) {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (int i = 0; i < 50_000; i++) {
            counts.put("word" + i, 1L);
        }
        ResultTable table = Words.table(counts);
        int[] writes = {0};
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                writes[0]++;
                throw new IOException("Broken pipe");
            }
        };
        assertThatThrownBy(() -> format.write(table, 50_000, closed))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Broken pipe");
        assertThat(writes[0]).isOne();
    }
}
