package dev.millrace.driver.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobTest {
    private static boolean matches(String glob, String path, boolean isFolder) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return Glob.parse("--include", glob).matches(name, path, isFolder);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "*.txt a.txt true",
                "*.txt deep/down/a.txt true",
                "*.txt a.txt.gz false",
                "*.txt .txt true",
                "* .hidden true",
                "a?c abc true",
                "a?c ac false",
                "a.c abc false",
                "docs/*.txt docs/a.txt true",
                "docs/*.txt docs/sub/a.txt false",
                "docs/*.txt x/docs/a.txt false",
                "docs/**/*.txt docs/a.txt true",
                "docs/**/*.txt docs/x/y/a.txt true",
                "docs/** docs/x/y true",
                "docs/** docs false",
                "**/a.txt a.txt true",
                "**/a.txt x/y/a.txt true",
                "**/a.txt x/ya.txt false",
                "/a.txt a.txt true",
                "/a.txt x/a.txt false",
                "** x/y true",
                "a**c abbc true",
                "[a-c]x bx true",
                "[a-c]x dx false",
                "[!a-c]x dx true",
                "[^a-c]x ax false",
                "[]x]y ]y true",
                "[a-]y -y true",
                "[-a]y -y true",
                "[.]y .y true",
                "[.]y xy false",
                "[\\]]y ]y true",
                "[[:]y [y true",
                "[&&a]y &y true",
                "*.{txt,md} a.md true",
                "*.{txt,md} a.rst false",
                "a,b a,b true",
                "a} a} true",
                "\\*x *x true",
                "\\*x ax false",
                "(a+b)|$^ (a+b)|$^ true",
                "stra\u00dfe* stra\u00dfe1 true",
                "A* a false",
                "?\ud83d\ude00 x\ud83d\ude00 true",
            })
    void aFileMatchesAsAShellWouldHaveIt(String glob, String path, boolean expected) {
        assertThat(matches(glob, path, false)).isEqualTo(expected);
    }

    @Test
    void aStarCrossesNoSlashButDoesCrossANewline() {
        assertThat(matches("*.txt", "a\nb.txt", false)).isTrue();
        assertThat(matches("x/*", "x/a\nb", false)).isTrue();
        assertThat(matches("x/[!a]", "x/b", false)).isTrue();
        assertThat(matches("x[!a]b", "x/b", false)).isFalse();
    }

    @Test
    void aSlashAtTheEndMeansFoldersOnly() {
        assertThat(matches("build/", "x/build", true)).isTrue();
        assertThat(matches("build/", "x/build", false)).isFalse();
        assertThat(matches("/build/", "x/build", true)).isFalse();
        assertThat(matches("/build/", "build", true)).isTrue();
    }

    @Test
    void anIncludedFolderStandsForItsFiles() {
        Filter filter = new Filter(new InputSpec(List.of(), List.of("docs/"), List.of("*.bak", "tmp/"), false, 1));
        assertThat(filter.takes("a", "docs/a")).isTrue();
        assertThat(filter.takes("a", "x/docs/y/a")).isTrue();
        assertThat(filter.takes("a.bak", "docs/a.bak")).isFalse();
        assertThat(filter.takes("a", "other/a")).isFalse();
        assertThat(filter.takes("docs", "docs")).isFalse();
        assertThat(filter.enters("tmp", "docs/tmp")).isFalse();
        assertThat(filter.enters("other", "other")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "[a", "[", "[!", "{a", "{a,{b}}", "a\\", "[a/b]", "[z-a]", "[a\\"})
    void aBadPatternIsAUsageErrorThatNamesIt(String glob) {
        assertThatThrownBy(() -> Glob.parse("--exclude", glob))
                .asInstanceOf(type(MillraceException.class))
                .returns(ExitCode.USAGE, MillraceException::exitCode)
                .extracting(Throwable::getMessage)
                .asString()
                .startsWith("--exclude '" + glob.replace("\\", "\\\\") + "': not a pattern: ");
    }
}
