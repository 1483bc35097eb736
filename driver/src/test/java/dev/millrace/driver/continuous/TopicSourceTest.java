package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.input.InputLimits;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents whose records name a file. */
final class TopicSourceTest {
    private static final InputLimits LIMITS = InputLimits.fromEnvironment(Map.of());
    private static final TopicPartition DOCS = new TopicPartition("docs", 0);
    private static final long SIX_SECONDS = 6_000_000_000L;

    @TempDir
    Path outside;

    private final ToldDocuments driver = new ToldDocuments();
    private Path folder;
    private long nanos, wallNanos = TopicSource.wallNanos();
    private long offset;
    private TopicSource source;

    @BeforeEach
    void open() throws IOException {
        folder = Files.createDirectories(outside.resolve("files"));
        source = source(new ReferencedFiles(folder, LIMITS, 100));
    }

    private TopicSource source(@Nullable ReferencedFiles files) {
        return new TopicSource("docs", 1, files, 100, () -> nanos, () -> wallNanos);
    }

    private void produce(String key, @Nullable String value, @Nullable String file) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "docs",
                0,
                offset++,
                key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        if (file != null) {
            record.headers().add("millrace-file", file.getBytes(StandardCharsets.UTF_8));
        }
        source.accept(record, driver);
    }

    private void file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void theTextIsThatOfTheFileWhenItsTurnComes() throws IOException {
        file("sub/größer.txt", "first");
        produce("a", "not looked at", "sub/größer.txt");
        assertThat(driver.texts).isEmpty();
        assertThat(driver.announced).containsExactly("docs-0 0");
        Map<TopicPartition, Long> behind = Map.of(DOCS, 1L);
        source.beginBarrier(behind);
        assertThat(source.isPastBarrier(behind)).isFalse();

        file("sub/größer.txt", "second");
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "second"));
        assertThat(driver.announced).isEmpty();
        assertThat(source.isPastBarrier(behind)).isTrue();
        produce("b", "", "sub/größer.txt");
        assertThat(source.isPastBarrier(behind)).as("what comes behind it").isTrue();
    }

    @Test
    void whatIsCountedAlreadyIsPassedOverWhenTheTopicIsReadAgain() throws IOException {
        file("a", "of the file");
        produce("a", "first", null);
        produce("a", "", "a");
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "of the file"));
        Files.delete(folder.resolve("a"));
        source = source(new ReferencedFiles(folder, LIMITS, 100)); // of a driver that reads on from the beginning
        offset = 0;
        produce("a", "first", null);
        produce("a", "", "a");
        produce("a", "newer", null);
        assertThat(driver.log).containsExactly("a = first", "a = of the file", "a = newer");
    }

    @Test
    void whatIsUnderWayAlreadyIsPassedOverWhenTheTopicIsReadAgain() {
        driver.underWay.add("a");
        driver.entries.put("a", new DocumentEntry("0@1", 5, 0, List.of()));
        produce("a", "", "gone");
        produce("a", "the same", null);
        assertThat(driver.announced).isEmpty();
        assertThat(driver.log).isEmpty();
        produce("a", "newer", null);
        assertThat(driver.log).containsExactly("a = newer");
    }

    @Test
    void aDriverThatMayReadNoFilesKeepsWhatWasReadOfOne() throws IOException {
        file("a", "of the file");
        produce("a", "first", null);
        produce("a", "", "a");
        source.poll(driver);
        source = source(null);
        offset = 0;
        produce("a", "first", null);
        produce("a", "", "a");
        source.poll(driver);
        assertThat(driver.log).containsExactly("a = first", "a = of the file");
        assertThat(driver.unreadable).isEmpty();
    }

    @Test
    void noMoreRecordsAreTakenThanFilesThatCanWait() throws IOException {
        file("a", "text");
        for (int i = 0; i < 1_000; i++) {
            assertThat(source.isFull()).isFalse();
            produce("doc-" + i, "", "a");
        }
        assertThat(source.isFull()).isTrue();
        source.poll(driver);
        assertThat(source.isFull()).isFalse();
        assertThat(driver.texts).isNotEmpty();
    }

    @Test
    void compressedFilesAreTakenForWhatTheyHold() throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("a.gz")))) {
            out.write("text".getBytes(StandardCharsets.UTF_8));
        }
        produce("a", "", "a.gz");
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "text"));
    }

    @Test
    void aDriverWithoutRoomLeavesFilesUnread() throws IOException {
        file("a", "text");
        produce("a", "", "a");
        driver.hasRoom = false;
        source.poll(driver);
        assertThat(driver.texts).isEmpty();
        assertThat(driver.announced).containsExactly("docs-0 0");
        driver.hasRoom = true;
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "text"));
    }

    @Test
    void whatComesBehindAReferenceIsNewerThanTheFile() throws IOException {
        file("a", "of the file");
        produce("a", "", "a");
        produce("a", "of the record", null);
        assertThat(driver.announced).isEmpty();
        produce("b", "", "a");
        produce("b", "", "missing");
        produce("b", "", "a");
        assertThat(driver.announced).containsExactly("docs-0 4");
        produce("c", "text", null);
        produce("c", "", "a");
        produce("c", null, null);
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "of the record"), Map.entry("b", "of the file"));
        assertThat(driver.unreadable).isEmpty();
        assertThat(driver.announced).isEmpty();
    }

    @Test
    void aFileThatCannotBeReadLeavesTheLastVersionAndIsTriedAgain() throws IOException {
        produce("a", "last", null);
        produce("a", "", "late");
        produce("b", "", "large");
        file("large", "x".repeat(101));
        source.poll(driver);
        assertThat(driver.texts).containsExactly(Map.entry("a", "last"));
        assertThat(driver.unreadable.get("a")).contains("late").contains("no such file");
        assertThat(driver.unreadable.get("b")).contains("more than 100 bytes").contains("--max-document-size");
        assertThat(driver.announced).as("read again by the next driver").containsExactly("docs-0 1", "docs-0 2");
        assertThat(driver.kept).isEqualTo(driver.announced);
        source.beginBarrier(Map.of(DOCS, 3L));
        source.poll(driver);
        assertThat(source.isPastBarrier(Map.of(DOCS, 3L)))
                .as("a barrier lists it")
                .isTrue();

        file("late", "here");
        source.poll(driver);
        assertThat(driver.unreadable).containsKey("a");
        nanos += SIX_SECONDS;
        source.poll(driver);
        assertThat(driver.texts).containsEntry("a", "here");
        assertThat(driver.unreadable).containsOnlyKeys("b");
        for (int i = 0; i < 12; i++) {
            nanos += SIX_SECONDS;
            source.poll(driver); // now and then whatever it is
        }
        assertThat(driver.log)
                .filteredOn("b unreadable"::equals)
                .as("told once")
                .hasSize(1);
        assertThat(driver.log).filteredOn("a readable"::equals).hasSize(1);

        produce("b", "small", null);
        file("large", "small enough");
        nanos += SIX_SECONDS;
        source.poll(driver);
        assertThat(driver.texts).containsEntry("b", "small");
        assertThat(driver.unreadable).isEmpty();
    }

    @Test
    void nothingOutsideTheFolderIsRead() throws IOException {
        Files.writeString(outside.resolve("secret"), "secret");
        Files.createSymbolicLink(folder.resolve("link"), outside.resolve("secret"));
        file("sub/a", "text");
        produce("up", "", "../secret");
        produce("absolute", "", outside.resolve("secret").toString());
        produce("link", "", "link");
        produce("around", "", "sub/../../secret");
        produce("folder", "", "sub");
        produce("nothing", "", "");
        produce("nul", "", "a\0b");
        produce("long", "", "x".repeat(5_000));
        source.poll(driver);
        assertThat(driver.texts).isEmpty();
        assertThat(driver.unreadable)
                .containsOnlyKeys("up", "absolute", "link", "around", "folder", "nothing", "nul", "long");
        assertThat(driver.unreadable.get("long")).contains("more than 4096 characters");
        assertThat(driver.unreadable.get("nul")).doesNotContain("\0");
    }

    @Test
    void aReferenceThatNobodyExpectedSaysWhatToDo() {
        source = source(null);
        produce("a", "", "a");
        source.poll(driver);
        assertThat(driver.unreadable.get("a")).contains("names the file a").contains("--files FOLDER");
    }

    @Test
    void aFolderThatIsMissingIsNamed() {
        assertThatThrownBy(() -> new ReferencedFiles(outside.resolve("none"), LIMITS, 100))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("none");
    }

    @Test
    void aBarrierWaitsForItsPositions() {
        source.beginBarrier(Map.of(DOCS, 2L));
        assertThat(source.isPastBarrier(Map.of(DOCS, 1L))).isFalse();
        assertThat(source.isPastBarrier(Map.of(DOCS, 2L))).isTrue();
    }

    /** For five seconds a snapshot said that there was no such file. */
    @Test
    void aFileThatIsThereWhenABarrierBeginsIsInIt() throws IOException {
        produce("a", "", "late");
        source.poll(driver);
        assertThat(driver.unreadable).containsKey("a");
        file("late", "here");
        source.beginBarrier(Map.of(DOCS, 1L));
        assertThat(source.isPastBarrier(Map.of(DOCS, 1L))).isFalse();
        source.poll(driver);
        assertThat(source.isPastBarrier(Map.of(DOCS, 1L))).isTrue();
        assertThat(driver.texts).containsEntry("a", "here");
    }

    /** After five seconds a snapshot said of those that were not looked at yet that there was no such file. */
    @Test
    void aBarrierWaitsUntilEachFileWasLookedAtAgainHoweverLongThatTakes() throws IOException {
        produce("a", "", "late");
        produce("b", "", "never");
        produce("c", "", "late");
        produce("d", "", "late");
        source.poll(driver);
        file("late", "here");
        Map<TopicPartition, Long> behind = Map.of(DOCS, 4L);
        source.beginBarrier(behind);
        driver.hasRoom = false;
        for (int i = 0; i < 3; i++) {
            nanos += SIX_SECONDS;
            source.poll(driver);
            assertThat(source.isPastBarrier(behind)).isFalse();
        }
        produce("c", "of the record", null);
        produce("d", "", "never");
        driver.hasRoom = true;
        source.poll(driver);
        assertThat(source.isPastBarrier(behind)).isTrue();
        assertThat(driver.texts).containsExactly(Map.entry("a", "here"), Map.entry("c", "of the record"));
        assertThat(driver.unreadable).containsOnlyKeys("b", "d");
    }

    /** Counts seemed to be fresh within milliseconds. */
    @Test
    void itTellsHowLongTheFirstFileHasWaitedToBeRead() throws IOException {
        file("a", "of a");
        assertThat(source.waitingMillis()).isZero();
        produce("a", "", "a");
        nanos += SIX_SECONDS;
        produce("b", "", "late");
        produce("a", "", "a");
        assertThat(source.waitingMillis()).isEqualTo(6_000);
        produce("a", "of the record", null);
        nanos += SIX_SECONDS / 2;
        assertThat(source.waitingMillis()).isEqualTo(3_000);
        source.poll(driver);
        assertThat(driver.unreadable).containsOnlyKeys("b");
        assertThat(source.waitingMillis()).as("what is listed").isZero();
    }

    @Test
    void aBarrierIsPassedThoughNewFilesAreNamedAllTheTime() throws IOException {
        source = new TopicSource(
                "docs",
                1,
                new ReferencedFiles(folder, LIMITS, 100),
                100,
                () -> nanos += 60_000_000,
                () -> wallNanos); // one file a turn
        produce("a", "", "late");
        produce("b", "", "late");
        source.poll(driver);
        source.poll(driver);
        assertThat(driver.unreadable).containsOnlyKeys("a", "b");
        file("late", "here");
        Map<TopicPartition, Long> behind = Map.of(DOCS, 2L);
        source.beginBarrier(behind);
        for (int i = 0; i < 2; i++) {
            assertThat(source.isPastBarrier(behind)).isFalse();
            produce("new-" + i, "", "late");
            source.poll(driver);
        }
        assertThat(source.isPastBarrier(behind)).isTrue();
        assertThat(driver.texts).as("nor do those wait for all others").containsOnlyKeys("a", "b", "new-0", "new-1");
    }

    /** Of enough of them no snapshot came in time, as each was decompressed again for it. */
    @Test
    void aFileWhoseTextIsRefusedIsNotReadAgainForABarrierUntilItHasChanged() throws IOException {
        file("bad.gz", "this is no gzip");
        produce("a", "", "bad.gz");
        source.poll(driver);
        assertThat(driver.unreadable).containsOnlyKeys("a");
        Map<TopicPartition, Long> behind = Map.of(DOCS, 1L);
        source.beginBarrier(behind);
        assertThat(source.isPastBarrier(behind))
                .as("it may be called cut off amid the call that writes it")
                .isFalse();
        wallNanos += 61_000_000_000L;
        source.poll(driver);
        assertThat(source.isPastBarrier(behind)).isTrue();
        source.beginBarrier(behind);
        assertThat(source.isPastBarrier(behind)).as("nothing is tried again").isTrue();
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("bad.gz")))) {
            out.write("mended".getBytes(StandardCharsets.UTF_8));
        }
        source.beginBarrier(behind);
        assertThat(source.isPastBarrier(behind)).isFalse();
        source.poll(driver);
        assertThat(source.isPastBarrier(behind)).isTrue();
        assertThat(driver.texts).isEqualTo(Map.of("a", "mended"));
    }

    /** The next driver read on behind it, and neither counted nor listed it, with a larger --max-document-size. */
    @Test
    void aTextWithoutAKeyThatIsTooLongIsReadAgainByTheNextDriver() {
        source.accept(new ConsumerRecord<>("docs", 0, 7, null, new byte[101]), driver);
        assertThat(driver.unreadable).containsOnlyKeys("docs-0@7");
        assertThat(driver.announced).containsExactly("docs-0 7");
        assertThat(driver.kept).containsExactly("docs-0 7");
    }

    /** A key of other letters than ASCII held the position for good, though no driver could ever take it. */
    @Test
    void aKeyIsTooLongByItsBytes() {
        produce("é".repeat(TopicSource.MOST_ID_BYTES / 2 + 1), "mill", null);
        assertThat(driver.unreadable).hasSize(1);
        assertThat(driver.announced).isEmpty();
    }

    /** The topic was given more partitions while something unreadable held the position. */
    @Test
    void whatIsReadAgainDoesNotReplaceWhatCameInAnotherPartitionSince() {
        driver.entries.put("a", new DocumentEntry("1@0", 5, 0, List.of()));
        driver.doneBefore = 1;
        produce("a", "older", null);
        assertThat(driver.log).isEmpty();
        produce("a", "newer", null);
        assertThat(driver.log).containsExactly("a = newer");
    }

    /** Each ended every driver that came to it, one after the other. */
    @Test
    void whatIsTooLongToBeADocumentOrItsNameIsListed() {
        String name = "k".repeat(TopicSource.MOST_ID_BYTES);
        produce(name, "mill", null);
        produce(name + "k", "race", null);
        produce("a", "mill", null);
        produce("a", "race".repeat(30), null);
        assertThat(driver.texts)
                .containsEntry(name, "mill")
                .containsEntry("a", "mill")
                .hasSize(2);
        String shown = "k".repeat(100) + "... of 32769 characters";
        assertThat(driver.unreadable.get(shown))
                .isEqualTo("its record at docs-0, offset 1, has a key of more than 32768 bytes");
        assertThat(driver.unreadable.get("a")).contains("docs-0, offset 3, has more than 100 bytes of text");
        assertThat(driver.announced).as("what the next driver reads again").containsExactly("docs-0 3");
        driver.unreadable.remove(shown);
        produce("a", "race", null);
        assertThat(driver.texts).containsEntry("a", "race");
        assertThat(driver.unreadable).isEmpty();
        assertThat(driver.announced).isEmpty();
    }

    /** When its file came at last, an older version took the place of what was listed. */
    @Test
    void aTextThatIsTooLongSupersedesAFileThatCannotBeRead() throws IOException {
        produce("a", "see", "late");
        source.poll(driver);
        produce("a", "race".repeat(30), null);
        Files.writeString(folder.resolve("late"), "mill");
        for (int i = 0; i < 20; i++) {
            nanos += 5_000_000_001L;
            source.poll(driver);
        }
        assertThat(driver.texts).isEmpty();
        assertThat(driver.unreadable.get("a")).contains("offset 1, has more than 100 bytes of text");
    }

    /** A record of no key on the documents topic ends a transaction that was lost, and would delete it. */
    @Test
    void aDocumentWhoseKeyIsEmptyHasAName() {
        produce("", "mill", null);
        assertThat(driver.texts).containsEntry("0x", "mill");
        produce("", null, null);
        assertThat(driver.texts).isEmpty();
    }

    /** The newer record was judged by where it stood, behind the barrier, and the snapshot had the older file, or none. */
    @Test
    void aBarrierWaitsForAFileThatIsNamedAgainMeanwhile() throws IOException {
        file("a", "first");
        produce("a", "", "a");
        Map<TopicPartition, Long> behind = Map.of(DOCS, 1L);
        source.beginBarrier(behind);
        produce("a", "", "a");
        assertThat(source.isPastBarrier(behind)).isFalse();
        source.poll(driver);
        assertThat(driver.log).containsExactly("a = first");
        assertThat(source.isPastBarrier(behind)).isTrue();
    }

    /** It was put behind all others each time. */
    @Test
    void aFileThatIsNamedAgainAllTheTimeHasItsTurn() throws IOException {
        file("a", "of a");
        file("b", "of b");
        produce("a", "", "a");
        produce("b", "", "b");
        produce("a", "", "a");
        source.poll(driver);
        assertThat(driver.log).containsExactly("a = of a", "b = of b");
        assertThat(driver.announced).isEmpty();
    }

    /** Texts that were put where the name belongs were kept for as long as the job went on, until the memory was full. */
    @Test
    void ofANameThatIsTooLongOnlySoMuchIsKeptAsItTakesToRefuseIt() {
        String path = TopicSource.path(new RecordHeader("millrace-file", new byte[1 << 20]));
        assertThat(path).hasSizeLessThan(5_000);
        produce("a", "", path);
        source.poll(driver);
        assertThat(driver.log).containsExactly("a unreadable");
    }
}
