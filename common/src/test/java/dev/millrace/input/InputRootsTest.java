package dev.millrace.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputRootsTest {
    @TempDir
    Path temp;

    Path data;
    InputRoots roots;

    @BeforeEach
    void someFiles() throws IOException {
        temp = temp.toRealPath();
        data = Files.createDirectories(temp.resolve("data"));
        Files.createDirectories(data.resolve("sub"));
        Files.writeString(data.resolve("sub/a b.txt"), "in");
        Files.writeString(temp.resolve("secret.txt"), "out");
        Files.createDirectories(temp.resolve("database"));
        Files.writeString(temp.resolve("database/x"), "out");
        roots = InputRoots.parse(List.of("data=" + data));
    }

    @Test
    void aPathIsResolvedBelowItsRoot() throws IOException {
        assertThat(roots.resolve("data", "sub/a%20b.txt")).isEqualTo(data.resolve("sub/a b.txt"));
        assertThat(roots.resolve("data", "")).isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../secret.txt",
                "sub/../../secret.txt",
                "%2e%2e/secret.txt",
                "%2E%2E/secret.txt",
                ".%2e/secret.txt",
                "..%2fsecret.txt",
                "sub%2f..%2f..%2fsecret.txt",
                "/etc/passwd",
                "//etc/passwd",
                "%2fetc%2fpasswd",
                "sub//a%20b.txt",
                "sub/./a%20b.txt",
                "sub/",
                "sub/a%20b.txt%00",
                "sub/a%20b.txt%",
                "sub/a%2",
                "a?b",
                "a#b",
                "a b",
                "caf\u00e9",
                "~/..",
                ".",
                ".."
            })
    void aPathThatIsNotPlainlyBelowTheRootIsRefused(String path) {
        assertThatThrownBy(() -> roots.resolve("data", path))
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(((InputException) e).kind()).isIn(Kind.ROOT, Kind.MISSING))
                .satisfies(e -> assertThat(((InputException) e).retryable()).isFalse());
    }

    @Test
    void aSymbolicLinkThatLeadsOutIsRefused() throws IOException {
        Files.createSymbolicLink(data.resolve("out.txt"), temp.resolve("secret.txt"));
        Files.createSymbolicLink(data.resolve("outdir"), temp);
        // A neighbour whose name begins like the root's.
        Files.createSymbolicLink(data.resolve("near"), temp.resolve("database"));
        for (String path : List.of("out.txt", "outdir/secret.txt", "near/x")) {
            assertThatThrownBy(() -> roots.resolve("data", path))
                    .as(path)
                    .asInstanceOf(type(InputException.class))
                    .returns(Kind.ROOT, InputException::kind)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .contains("leads out of root data=" + data);
        }
        Files.createSymbolicLink(data.resolve("inside"), data.resolve("sub"));
        assertThat(roots.resolve("data", "inside/a%20b.txt")).isEqualTo(data.resolve("sub/a b.txt"));
    }

    @Test
    void anUnknownRootSaysWhatToDo() {
        assertThatThrownBy(() -> roots.resolve("logs", "x"))
                .hasMessage(
                        "this mapper has no root 'logs' (it has data=" + data + "): start it with --root logs=PATH");
    }

    @Test
    void aRootMayItselfBeReachedThroughALink() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), data);
        InputRoots linked = InputRoots.parse(List.of("data=" + link));
        assertThat(linked.resolve("data", "sub/a%20b.txt")).isEqualTo(data.resolve("sub/a b.txt"));
        assertThat(linked.locate(link.resolve("sub")).path()).isEqualTo("sub");
    }

    @Test
    void theInnermostRootHoldsAPath() throws IOException {
        InputRoots nested =
                InputRoots.parse(List.of("all=" + temp, "data=" + data, "base=" + temp.resolve("database")));
        assertThat(nested.locate(data.resolve("sub/a b.txt")))
                .isEqualTo(new InputRoots.Located("data", "sub/a%20b.txt", data.resolve("sub/a b.txt")));
        assertThat(nested.locate(temp.resolve("secret.txt")).root()).isEqualTo("all");
        assertThat(nested.locate(temp.resolve("database/x")).root()).isEqualTo("base");
        assertThat(nested.locate(data)).isEqualTo(new InputRoots.Located("data", "", data));
        assertThat(nested.locate(data.resolve("sub/../../secret.txt")).path()).isEqualTo("secret.txt");
    }

    @Test
    void aPathInNoRootIsAUsageError() {
        assertThatThrownBy(() -> roots.locate(temp.resolve("secret.txt")))
                .asInstanceOf(type(MillraceException.class))
                .returns(ExitCode.USAGE, MillraceException::exitCode)
                .extracting(Throwable::getMessage)
                .asString()
                .contains("secret.txt is in none of the roots (data=" + data + ")");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"data", "=/tmp", "data=", "a b=/tmp", "../x=/tmp", "data=/no/such/folder", "data=/etc/passwd"})
    void aMalformedRootIsAUsageErrorThatNamesIt(String option) {
        assertThatThrownBy(() -> InputRoots.parse(List.of(option)))
                .asInstanceOf(type(MillraceException.class))
                .returns(ExitCode.USAGE, MillraceException::exitCode)
                .extracting(Throwable::getMessage)
                .asString()
                .contains(option);
    }

    @Test
    void oneNameForTwoRootsIsAUsageError() {
        assertThatThrownBy(() -> InputRoots.parse(List.of("d=" + temp, "d=" + data)))
                .hasMessageContaining("twice");
    }

    @Test
    void rootsOfArgumentsFollowLinksButKeepToNamesBelow() throws IOException {
        Path link = Files.createSymbolicLink(data.resolve("link.txt"), temp.resolve("secret.txt"));
        InputRoots own = InputRoots.ofArguments(List.of(link, data.resolve("sub"), temp.resolve("no-such-file")));
        InputRoots.Located located = own.locate(link);
        assertThat(own.resolve(located.root(), located.path())).hasContent("out");
        assertThat(own.printable(located.root(), located.path())).isEqualTo(link.toString());
        assertThatThrownBy(() -> own.resolve(located.root(), "../secret.txt")).isInstanceOf(InputException.class);
        assertThat(own.locate(data.resolve("sub")).path()).isEmpty();
    }

    @Test
    void filesAreShownInFullAndSafely() {
        assertThat(roots.printable("data", "a%1B%0Ab%FF")).isEqualTo(data + "/a\\x1b\\nb\\xff");
        assertThat(roots.printable("logs", "x")).isEqualTo("logs:x");
    }
}
