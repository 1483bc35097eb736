package dev.millrace.input;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much a compressed file may grow. A file that goes beyond fails the job and names the limit; it is never counted in
 * part.
 *
 * @param maxTextBytes most bytes of text that may come out of one file ({@value #TEXT_BYTES_VARIABLE}, 64 GiB)
 * @param maxRatio most bytes of text for each byte stored ({@value #RATIO_VARIABLE}, 250), looked at once more than
 *     {@code ratioFloorBytes} have come out
 * @param ratioFloorBytes text below which any ratio is fine: 64 MiB
 * @param maxMemoryBytes most memory one decompressor may take for its window or dictionary
 *     ({@value #MEMORY_VARIABLE}, 128 MiB: what {@code xz -9} and {@code zstd --ultra -22 --long=27} need)
 */
public record InputLimits(long maxTextBytes, long maxRatio, long ratioFloorBytes, long maxMemoryBytes) {
    public static final String TEXT_BYTES_VARIABLE = "MILLRACE_INPUT_MAX_TEXT_BYTES";
    public static final String RATIO_VARIABLE = "MILLRACE_INPUT_MAX_RATIO";
    public static final String MEMORY_VARIABLE = "MILLRACE_INPUT_MAX_MEMORY_BYTES";

    public static final InputLimits DEFAULT = new InputLimits(64L << 30, 250, 64L << 20, 128L << 20);

    public InputLimits {
        if (maxTextBytes < 1 || maxRatio < 1 || ratioFloorBytes < 0 || maxMemoryBytes < 1) {
            throw new IllegalArgumentException("limits below 1");
        }
    }

    /** The defaults, changed by what the environment sets; a value that is no positive whole number is a usage error. */
    public static InputLimits fromEnvironment(Map<String, String> environment) {
        return new InputLimits(
                positive(environment, TEXT_BYTES_VARIABLE, DEFAULT.maxTextBytes),
                positive(environment, RATIO_VARIABLE, DEFAULT.maxRatio),
                DEFAULT.ratioFloorBytes,
                positive(environment, MEMORY_VARIABLE, DEFAULT.maxMemoryBytes));
    }

    private static long positive(Map<String, String> environment, String variable, long orElse) {
        String value = environment.get(variable);
        if (value == null || value.isBlank()) {
            return orElse;
        }
        try {
            long number = Long.parseLong(value.strip());
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw notPositive(variable, value, e);
        }
        throw notPositive(variable, value, null);
    }

    private static MillraceException notPositive(String variable, String value, @Nullable NumberFormatException cause) {
        return new MillraceException(
                ExitCode.USAGE, variable + "=" + Names.printable(value) + ": give a whole number of 1 or more", cause);
    }
}
