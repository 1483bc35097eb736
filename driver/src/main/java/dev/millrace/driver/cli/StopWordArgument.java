package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code --stop-words} means. */
final class StopWordArgument {
    private static final long MOST_BYTES = 1 << 20;

    private StopWordArgument() {}

    /**
     * Words as written: those of a file, separated by white space, where {@code #} and all behind it on a line is a
     * comment.
     *
     * @param argument {@code none}, {@code english}, a file's name, or null for the profile's own; a file called
     *     {@code none} is {@code ./none}
     */
    static List<String> words(@Nullable String argument, String profile, TextCatalog text) {
        if (argument == null) {
            return text.ownStopWords(profile);
        }
        return switch (argument) {
            case "none" -> List.of();
            case "english" -> text.englishStopWords(profile);
            default -> read(argument);
        };
    }

    private static List<String> read(String name) {
        try {
            Path file = Path.of(name);
            // Stop words travel in every task.
            if (Files.isRegularFile(file) && Files.size(file) > MOST_BYTES) {
                throw new IOException("it is larger than 1 MiB");
            }
            String text = Files.readString(file);
            return (text.startsWith("\ufeff") ? text.substring(1) : text)
                    .lines()
                    .map(line -> line.replaceFirst("#.*", ""))
                    .flatMap(line -> List.of(line.trim().split("\\s+")).stream())
                    .filter(word -> !word.isEmpty())
                    .toList();
        } catch (IOException | InvalidPathException e) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    "cannot read --stop-words '" + name + "': " + Failures.reason(e)
                            + "; it is a file, 'english' or 'none'",
                    e);
        }
    }
}
