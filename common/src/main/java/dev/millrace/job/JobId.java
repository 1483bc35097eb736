package dev.millrace.job;

import java.security.SecureRandom;
import java.util.HexFormat;

/** The name of one job, drawn at random: 64 bits, written as 16 lower-case hexadecimal digits. */
public record JobId(long value) {
    private static final SecureRandom RANDOM = new SecureRandom();

    public static JobId random() {
        return new JobId(RANDOM.nextLong());
    }

    /** @throws IllegalArgumentException unless the text is 16 hexadecimal digits */
    public static JobId parse(String text) {
        if (text.length() != 16) {
            throw new IllegalArgumentException("a job id is 16 hexadecimal digits, not '" + text + "'");
        }
        return new JobId(HexFormat.fromHexDigitsToLong(text));
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
