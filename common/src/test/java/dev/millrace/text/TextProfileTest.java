package dev.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextProfileTest {
    @Test
    void hasTheNamesOfTheDesign() {
        assertThat(TextProfile.named("pymotw")).isEqualTo(TextProfile.PYMOTW);
        assertThat(TextProfile.named("unicode")).isEqualTo(TextProfile.UNICODE);
        assertThatThrownBy(() -> TextProfile.named("Unicode\u001b[1m"))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessage("unknown text profile 'Unicode\\u{1b}[1m'; there are: pymotw, unicode");
    }

    @Test
    void theSeedDropsEighteenWords() {
        assertThat(TextProfile.PYMOTW.defaultStopWords()).hasSize(18).isSorted().contains("py", "rst", "the");
        assertThat(TextProfile.UNICODE.defaultStopWords()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void itsOwnListsAreNormal(TextProfile profile) {
        for (List<String> words : List.of(profile.defaultStopWords(), profile.englishStopWords())) {
            assertThat(profile.normalizeStopWords(words)).isEqualTo(words);
        }
    }

    @Test
    void englishFitsTheProfile() {
        assertThat(TextProfile.UNICODE.englishStopWords())
                .isEqualTo(TextProfile.ENGLISH_STOP_WORDS)
                .contains("the", "don't", "don\u2019t");
        assertThat(TextProfile.PYMOTW.englishStopWords()).contains("the").doesNotContain("don't");
    }

    @Test
    void normalizesStopWords() {
        assertThat(TextProfile.UNICODE.normalizeStopWords(
                        List.of("The", "the", "\u0130", "x1", "\ud801\udc00", "\uff21", "it's")))
                .containsExactly("i", "it's", "the", "x1", "\uff41", "\ud801\udc28");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "two words",
                "a b",
                "don't",
                "x1",
                "..a",
                "foo!",
                "\ufefffoo",
                "a\n",
                "\ud800",
                "e\u0301"
            })
    void refusesWhatPymotwNeverCounts(String entry) {
        assertThatThrownBy(() -> TextProfile.PYMOTW.normalizeStopWords(List.of("fine", entry)))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("can never be a word of the text profile pymotw");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "42", "'tis", "dogs'", "a''b", "multi_word", "foo!", "\ufefffoo", "\udc00"})
    void refusesWhatUnicodeNeverCounts(String entry) {
        assertThatThrownBy(() -> TextProfile.UNICODE.normalizeStopWords(List.of(entry)))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("can never be a word of the text profile unicode");
    }
}
