package dev.millrace.driver.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes, rates and times as people write and read them. */
final class Amounts {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,19})\\s*([kmgt]?)(i?b)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)?", Pattern.CASE_INSENSITIVE);

    private Amounts() {}

    /** Reads {@code 16MiB}, {@code 32m}, {@code 1048576}: units are powers of 1024 however they are written. */
    static final class Size implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher size = SIZE.matcher(text.trim());
            if (!size.matches()) {
                throw new TypeConversionException("'" + text + "' is not a size such as 16MiB, 32m or 1048576");
            }
            try {
                long unit = 1L
                        << 10
                                * " kmgt"
                                        .indexOf((size.group(2) + " ")
                                                .toLowerCase(Locale.ROOT)
                                                .charAt(0));
                long bytes = Math.multiplyExact(Long.parseLong(size.group(1)), unit);
                if (bytes < 1) {
                    throw new TypeConversionException("a size must be at least 1 byte");
                }
                return bytes;
            } catch (ArithmeticException | NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is too large");
            }
        }
    }

    /** Reads {@code 90s}, {@code 10m}, {@code 2h}, {@code 500ms}; a number alone is seconds. */
    static final class Time implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            Matcher time = TIME.matcher(text.trim());
            if (!time.matches() || Long.parseLong(time.group(1)) == 0) {
                throw new TypeConversionException("'" + text + "' is not a time such as 90s, 10m or 2h");
            }
            long n = Long.parseLong(time.group(1));
            String unit = time.group(2) == null ? "s" : time.group(2).toLowerCase(Locale.ROOT);
            return switch (unit) {
                case "ms" -> Duration.ofMillis(n);
                case "m" -> Duration.ofMinutes(n);
                case "h" -> Duration.ofHours(n);
                case "d" -> Duration.ofDays(n);
                default -> Duration.ofSeconds(n);
            };
        }
    }

    /** As in {@code 512 B}, {@code 1.2 GB}: units are powers of 1000, as in rates. */
    static String bytes(long bytes) {
        if (bytes < 1_000) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 999.95 && unit < 4) {
            value /= 1_000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %cB", value, "kMGTP".charAt(unit));
    }

    /** As in {@code 4.2 MB/s}, {@code 512 MB/s}. */
    static String rate(double bytesPerSecond) {
        double megabytes = bytesPerSecond / 1e6;
        return String.format(Locale.ROOT, megabytes < 9.95 ? "%.1f MB/s" : "%.0f MB/s", megabytes);
    }

    /** As in {@code 0.42 s}, {@code 12.3 s}, {@code 3:05 min}. */
    static String elapsed(long millis) {
        if (millis < 9_995) {
            return String.format(Locale.ROOT, "%.2f s", millis / 1e3);
        }
        return millis < 59_950 ? String.format(Locale.ROOT, "%.1f s", millis / 1e3) : clock(millis / 1_000) + " min";
    }

    /** As in {@code 12 s}, {@code 3 min}, {@code 5 h}, {@code 2 days}: whole units, the last one that is over. */
    static String rough(long millis) {
        long seconds = millis / 1_000;
        if (seconds < 120) {
            return seconds + " s";
        }
        if (seconds < 7_200) {
            return seconds / 60 + " min";
        }
        return seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " days";
    }

    /** As in {@code 0:07}, {@code 1:02:03}. */
    static String clock(long seconds) {
        return seconds < 3_600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }

    /** As in {@code [16..32 MiB)}: in the largest unit that both ends are whole numbers of. */
    static String range(long start, long end) {
        String[] units = {"B", "KiB", "MiB", "GiB"};
        int unit = Math.min(3, Long.numberOfTrailingZeros(start | end) / 10);
        if (end >>> 10 * unit > 999_999) {
            return String.format(Locale.ROOT, "[%.1f..%.1f MiB)", start / (double) (1 << 20), end / (double) (1 << 20));
        }
        return "[" + (start >>> 10 * unit) + ".." + (end >>> 10 * unit) + " " + units[unit] + ")";
    }

    /** As in {@code 1 file}, {@code 1,234 files}. */
    static String number(long n, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", n, noun, n == 1 ? "" : "s");
    }
}
