package dev.millrace.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @Test
    void nothingThatMovesOrHidesReachesTheTerminal() {
        assertThat(Names.printable("a\u001b[31mred\u0007")).isEqualTo("a\\x1b[31mred\\x07");
        assertThat(Names.printable("one\ntwo\r\tthree\u007f\0")).isEqualTo("one\\ntwo\\r\\tthree\\x7f\\x00");
        assertThat(Names.printable("gpj\u202etxt.exe")).isEqualTo("gpj\\u202etxt.exe");
        assertThat(Names.printable("\u2066\u2069\u200b\u200f\ufeff\u061c"))
                .isEqualTo("\\u2066\\u2069\\u200b\\u200f\\ufeff\\u061c");
        assertThat(Names.printable("\u0085\u009b1m\u2028\u2029")).isEqualTo("\\u0085\\u009b1m\\u2028\\u2029");
        assertThat(Names.printable("\ud800x\udc00")).isEqualTo("\\ud800x\\udc00");
        assertThat(Names.printable(new String(Character.toChars(0xE0041)))).isEqualTo("\\ue0041");
    }

    @Test
    void whatCanBeReadStaysAsItIs() {
        String text = "Straße 東京 naïve e\u0301 \ud83d\ude00 \"'$`|";
        assertThat(Names.printable(text)).isEqualTo(text);
    }

    @Test
    void anEscapeInTheNameItselfIsNotTakenForOneOfOurs() {
        assertThat(Names.printable("a\\x1b")).isEqualTo("a\\\\x1b");
    }

    @ParameterizedTest
    @CsvSource({
        "plain.txt, plain.txt",
        "dir/a%20b, dir/a b",
        "caf%C3%A9, café",
        "caf%E9.txt, caf\\xe9.txt",
        "%FF%FEx%C3, \\xff\\xfex\\xc3",
        "line%0Abreak, line\\nbreak",
        "%1B%5B2J, \\x1b[2J",
        "100%25, 100%",
        "not%encoded, not%encoded",
        "cut%4, cut%4"
    })
    void encodedNamesAreShownByTheirBytes(String encoded, String shown) {
        assertThat(Names.printableEncoded(encoded)).isEqualTo(shown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain.txt",
                "tmp",
                "a%20b",
                "caf%E9",
                "%FF%FE",
                "x%0Ay",
                "100%25",
                "a+b&c=d;e",
                "~.hidden",
                "%3F",
                "%5C"
            })
    void everyByteOfANameSurvivesEncoding(String name) {
        Path path = Path.of(URI.create("file:///srv/" + name));
        String encoded = Names.encode(path);
        assertThat(Path.of(URI.create("file:///" + encoded))).isEqualTo(path);
        assertThat(Names.decode(encoded)).isEqualTo(Names.decode("srv/" + name));
        assertThat(encoded).matches("[!-~]+");
    }

    @Test
    void aPathWithBytesThatAreNotTextIsShownInFull() {
        assertThat(Names.printable(Path.of(URI.create("file:///srv/caf%E9/x")))).isEqualTo("/srv/caf\\xe9/x");
        assertThat(Names.printable(Path.of("a b/c"))).isEqualTo("a b/c");
    }

    @Test
    void decodingRefusesWhatIsNotEncoded() {
        for (String bad : new String[] {"%", "%2", "%zz", "%2g", "caf\u00e9"}) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> Names.decode(bad));
        }
        assertThat(Names.decode("a%2Fb")).isEqualTo("a/b".getBytes(StandardCharsets.US_ASCII));
    }
}
