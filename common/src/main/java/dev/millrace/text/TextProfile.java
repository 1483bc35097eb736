package dev.millrace.text;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.shuffle.WordTable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A rule of what a word is. Common to all: text is UTF-8; a byte order mark at the start of a document is dropped; each
 * maximal invalid sequence acts as one blank; a line ends at LF; code points are judged and lower-cased one by one by the
 * Unicode table {@link #UNICODE_VERSION}, never by the JVM's tables or locale. A change of what a profile counts is a
 * new {@link #version()}.
 */
public enum TextProfile {
    /**
     * The rules of the MapReduce example in Python Module of the Week: lines whose first visible text is {@code ..} are
     * skipped, ASCII punctuation counts as blank, and of what stands between blanks (White_Space and U+001C to U+001F)
     * the words are those made of letters (L) only.
     */
    PYMOTW("pymotw", 1) {
        @Override
        RunScan newScan(WordTable table, int maxRunBytes) {
            return new PymotwScan(table, maxRunBytes);
        }
    },
    /**
     * A word is a maximal run of letters (L), marks (M) and digits (Nd) with at least one letter. A single apostrophe,
     * ' or U+2019, belongs to it where one of these stands on both sides, and is kept as it is written: {@code don't}
     * and {@code don\u2019t} are two words.
     */
    UNICODE("unicode", 1) {
        @Override
        RunScan newScan(WordTable table, int maxRunBytes) {
            return new UnicodeScan(table, maxRunBytes);
        }
    };

    /** The Unicode version whose tables are pinned in both profiles. */
    public static final String UNICODE_VERSION = CodePoints.UNICODE_VERSION;

    /**
     * Frequent English words that say little about a text, contractions with both apostrophes included. For a job, take
     * {@link #englishStopWords()}: not every profile can have all of these as words.
     */
    public static final List<String> ENGLISH_STOP_WORDS = Stream.of("""
                    a about above after again against all also am an and any are as at be because been before being
                    below between both but by can could did do does doing down during each either few for from further
                    had has have having he her here hers herself him himself his how i if in into is it its itself just
                    may me might more most must my myself neither no nor not now of off on once only or other our ours
                    ourselves out over own same shall she should so some such than that the their theirs them
                    themselves then there these they this those through to too under until up upon us very was we were
                    what when where which while who whom whose why will with would you your yours yourself yourselves
                    """.split("\\s+"), """
                    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't he'd he'll he's here's how's i'd
                    i'll i'm i've isn't it'd it'll it's let's mustn't shan't she'd she'll she's shouldn't that's
                    there's they'd they'll they're they've wasn't we'd we'll we're we've weren't what's when's where's
                    who's why's won't wouldn't you'd you'll you're you've
                    """.split("\\s+"))
            .flatMap(Arrays::stream)
            .flatMap(word -> word.contains("'") ? Stream.of(word, word.replace('\'', '\u2019')) : Stream.of(word))
            .sorted()
            .toList();

    private static final List<String> SEED_STOP_WORDS =
            List.of("a an and are as be for if in is it of or py rst the to with".split(" "));

    private final String profileName;
    private final int version;

    TextProfile(String profileName, int version) {
        this.profileName = profileName;
        this.version = version;
    }

    abstract RunScan newScan(WordTable table, int maxRunBytes);

    /** The name users type and jobs carry. */
    public String profileName() {
        return profileName;
    }

    /** Changes whenever the profile would count some text differently. */
    public int version() {
        return version;
    }

    /** @throws MillraceException USAGE, naming the known profiles, if there is none of this name */
    public static TextProfile named(String name) {
        for (TextProfile profile : values()) {
            if (profile.profileName.equals(name)) {
                return profile;
            }
        }
        String known = Arrays.stream(values()).map(TextProfile::profileName).collect(Collectors.joining(", "));
        throw new MillraceException(
                ExitCode.USAGE, "unknown text profile '" + visible(name) + "'; there are: " + known);
    }

    /** What this profile leaves out unless told otherwise, ready for {@code TextRules}. */
    public List<String> defaultStopWords() {
        return this == PYMOTW ? SEED_STOP_WORDS : List.of();
    }

    /** Those of {@link #ENGLISH_STOP_WORDS} that can be words of this profile, ready for {@code TextRules}. */
    public List<String> englishStopWords() {
        return ENGLISH_STOP_WORDS.stream().filter(wordCheck()).toList();
    }

    /**
     * Lower-cases stop words as this profile does, sorts them by code point and drops doubles.
     *
     * @throws MillraceException USAGE, naming the entry, if one can never be a word of this profile
     */
    public List<String> normalizeStopWords(Collection<String> stopWords) {
        Predicate<String> isWord = wordCheck();
        TreeSet<String> normal = new TreeSet<>(TextProfile::compareByCodePoint);
        for (String entry : stopWords) {
            if (!isWord.test(entry)) {
                throw new MillraceException(
                        ExitCode.USAGE,
                        "stop word '" + visible(entry) + "' can never be a word of the text profile " + profileName
                                + (this == PYMOTW
                                        ? ", whose words are made of letters only"
                                        : ", whose words are letters, marks and digits with single apostrophes inside"
                                                + " and hold a letter"));
            }
            normal.add(toLower(entry));
        }
        return List.copyOf(normal);
    }

    /** Tells whether the whole of an entry, and not some part of it, is one word of this profile. */
    private Predicate<String> wordCheck() {
        WordTable table = new WordTable();
        ChunkTally tally = new ChunkTally(this, table, () -> {}, 1 << 10, ChunkTally.MAX_RUN_BYTES);
        return entry -> {
            table.clear();
            try {
                ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(entry));
                byte[] bytes = new byte[encoded.remaining()];
                encoded.get(bytes);
                tally.tally(new ByteArrayInputStream(bytes), 0, Long.MAX_VALUE);
            } catch (CharacterCodingException e) {
                return false; // an unpaired surrogate: no text has it
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            byte[] lower = toLower(entry).getBytes(StandardCharsets.UTF_8);
            return table.size() == 1 && table.get(lower, 0, lower.length) == 1;
        };
    }

    private static String toLower(String word) {
        int[] codePoints = word.codePoints()
                .map(c -> CodePoints.toLower(c, CodePoints.kind(c)))
                .toArray();
        return new String(codePoints, 0, codePoints.length);
    }

    private static int compareByCodePoint(String a, String b) {
        return Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }

    /** The text with control characters and the like written out, for messages. */
    private static String visible(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().limit(100).forEach(c -> {
            if (c > ' ' && CodePoints.kind(c) != CodePoints.OTHER && CodePoints.kind(c) != CodePoints.BLANK
                    || c == ' ') {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(Locale.ROOT, "\\u{%x}", c));
            }
        });
        return out.toString();
    }
}
