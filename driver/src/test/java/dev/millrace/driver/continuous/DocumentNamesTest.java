package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DocumentNamesTest {
    @Test
    void filesAreDecodedAndWhatIsHostileInThemIsEscaped() {
        DocumentNames names = DocumentNames.of(List.of("/srv/my%20texts"));
        assertThat(names.printable("d0/file%2085.txt")).isEqualTo("d0/file 85.txt");
        assertThat(names.printable("100%2520.txt")).isEqualTo("100%20.txt");
        assertThat(names.printable("ev%0Ail%1B%5B31m")).isEqualTo("ev\\nil\\x1b[31m");
        assertThat(names.printable("lat%E9in%C3%BC")).isEqualTo("lat\\xe9inü");
        assertThat(names.printable("lat%5CxE9in")).as("another file").isEqualTo("lat\\\\xE9in");
        assertThat(names.printable("%E2%80%AEtxt")).isEqualTo("\\u202etxt");
        assertThat(names.printableSources()).containsExactly("/srv/my texts");
    }

    @Test
    void ofSeveralFoldersTheWholePathTellsThemApart() {
        DocumentNames names = DocumentNames.of(List.of("/srv/a", "/srv/b%20c"));
        assertThat(names.printable("1/x%20y")).isEqualTo("/srv/a/x y");
        assertThat(names.printable("2/d/x")).isEqualTo("/srv/b c/d/x");
        assertThat(names.printableSources()).containsExactly("/srv/a", "/srv/b c");
    }

    @Test
    void whatASourceHasMadePrintableStaysSo() {
        assertThat(DocumentNames.of(List.of("/srv")).printable("/srv/100%20")).isEqualTo("/srv/100%20");
    }

    @Test
    void keysOfATopicAreWhatTheyAre() {
        DocumentNames names = DocumentNames.of(List.of("topic:docs"));
        assertThat(names.printable("file%2085.txt")).isEqualTo("file%2085.txt");
        assertThat(names.printable("/a\nb\\n")).isEqualTo("/a\\nb\\\\n");
        assertThat(names.printableSources()).containsExactly("topic:docs");
    }
}
