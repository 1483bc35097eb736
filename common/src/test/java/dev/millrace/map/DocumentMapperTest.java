package dev.millrace.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.JobId;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextRules;
import dev.millrace.shuffle.PairBlocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What tasks of documents come to, against a plain loop over texts of lower-case words and blanks. */
final class DocumentMapperTest {
    private static final JobId JOB = new JobId(1);
    private static final String[] WORDS = {"mill", "race", "weir", "é", "a-word-longer-than-two-longs".replace("-", "")
    };

    private final Map<String, byte[]> ledger = new HashMap<>();
    private final DocumentMapper mapper = new DocumentMapper(
            (job, change) -> {
                byte[] block =
                        ledger.get(change.base().task() + "/" + change.base().change());
                if (block == null) {
                    throw new LedgerReader.MissingBlockException("gone");
                }
                return block;
            },
            new TaskRules());

    private static Map<String, Long> words(String text, long sign, Map<String, Long> into) {
        for (String word : text.split("[ \n]+", -1)) {
            if (!word.isEmpty() && !word.equals("the")) {
                into.merge(word, sign, Long::sum);
            }
        }
        into.values().removeIf(count -> count == 0);
        return into;
    }

    private static Map<String, Long> pairs(PairBlocks blocks) {
        Map<String, Long> pairs = new TreeMap<>();
        for (int p = 0; p < blocks.partitions(); p++) {
            for (ByteBuffer block : blocks.blocks(p)) {
                byte[] bytes = new byte[block.remaining()];
                block.get(bytes);
                PairBlocks.forEach(
                        bytes,
                        0,
                        bytes.length,
                        (word, from, length, count) ->
                                pairs.merge(new String(word, from, length, StandardCharsets.UTF_8), count, Long::sum));
            }
        }
        return pairs;
    }

    private DocumentMapper.Output map(long number, List<DocumentTask.Change> changes, String texts) throws IOException {
        DocumentTask task = new DocumentTask(
                JOB,
                number,
                1,
                new TextRules("unicode", 1, List.of("the")),
                3,
                List.of(new DocumentTask.Target("d", "v", 1, 0, 9)),
                changes);
        DocumentMapper.Output output = mapper.map(task, texts.getBytes(StandardCharsets.UTF_8));
        for (int change = 0; change < changes.size(); change++) {
            ledger.put(number + "/" + change, output.blocks().get(change));
        }
        return output;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(30); n > 0; n--) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(4) == 0 ? " the\n" : " ");
        }
        return text.toString();
    }

    @Test
    void whatTravelsIsTheNewTextsLessTheOldOnes() throws IOException {
        Random random = new Random(1);
        String[] texts = new String[5];
        BlockPosition[] blocks = new BlockPosition[5];
        for (int number = 0; number < 300; number++) {
            List<DocumentTask.Change> changes = new ArrayList<>();
            Map<String, Long> expected = new TreeMap<>();
            StringBuilder sent = new StringBuilder();
            for (int part = 0; part < texts.length; part++) {
                if (random.nextInt(3) == 0) {
                    continue;
                }
                BlockPosition base = blocks[part] == null ? BlockPosition.NONE : blocks[part];
                String old = texts[part], text = old != null && random.nextInt(4) == 0 ? null : text(random);
                blocks[part] = text == null ? null : new BlockPosition(0, 0, number, changes.size());
                changes.add(new DocumentTask.Change(
                        0, part, base, TextHash.NONE, TextHash.NONE, text == null ? -1 : bytes(text)));
                sent.append(text == null ? "" : text);
                words(old == null ? "" : old, -1, expected);
                words(text == null ? "" : text, 1, expected);
                texts[part] = text;
            }
            DocumentMapper.Output output = map(number, changes, sent.toString());
            assertThat(pairs(output.differences())).isEqualTo(expected);
            assertThat(output.blocks()).hasSameSizeAs(changes);
            assertThat(output.counted()).hasSameSizeAs(changes);
        }
    }

    @Test
    void aTextThatComesBackTheSameSendsNothing() throws IOException {
        String text = "mill race\n";
        map(
                0,
                List.of(new DocumentTask.Change(0, 0, BlockPosition.NONE, TextHash.NONE, TextHash.NONE, bytes(text))),
                text);
        DocumentMapper.Output output = map(
                1,
                List.of(new DocumentTask.Change(
                        0, 0, new BlockPosition(0, 0, 0, 0), TextHash.NONE, TextHash.NONE, bytes(text))),
                text);
        assertThat(output.differences().pairs()).isZero();
        assertThat(output.counted().get(0).total().tokens()).isEqualTo(2);
    }

    @Test
    void anOldBlockThatIsGoneFailsTheRunAndLeavesNothingForTheNext() throws IOException {
        BlockPosition gone = new BlockPosition(0, 0, 77, 0);
        List<DocumentTask.Change> changes = List.of(
                new DocumentTask.Change(0, 0, BlockPosition.NONE, TextHash.NONE, TextHash.NONE, 5),
                new DocumentTask.Change(0, 1, gone, TextHash.NONE, TextHash.NONE, 5));
        assertThatThrownBy(() -> map(1, changes, "mill\nrace\n"))
                .isInstanceOf(LedgerReader.MissingBlockException.class);
        DocumentMapper.Output output = map(
                2,
                List.of(new DocumentTask.Change(0, 0, BlockPosition.NONE, TextHash.NONE, TextHash.NONE, 5)),
                "weir\n");
        assertThat(pairs(output.differences())).isEqualTo(Map.of("weir", 1L));
    }
}
