package dev.millrace.driver.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Options as the environment has them: {@code --chunk-size} is {@code MILLRACE_CHUNK_SIZE}. An empty value is none.
 *
 * <p>Options with one value get it as picocli's default, and so does a list in one value. Those that are repeated
 * instead, and switches, are asked for here: picocli would not split the former, and take a switch that is on by
 * default as turned off by naming it.
 */
final class Environment implements IDefaultValueProvider {
    private final Map<String, String> values;

    Environment(Map<String, String> values) {
        this.values = values;
    }

    static String variable(String option) {
        return "MILLRACE_" + option.replaceFirst("^-+", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    @Nullable
    String get(String option) {
        String value = values.get(variable(option));
        return value == null || value.isEmpty() ? null : value;
    }

    /** Those given, else those of the environment, one a line: no other character is free of meaning in all options. */
    List<String> list(@Nullable List<String> given, String option) {
        if (given != null) {
            return given;
        }
        String value = get(option);
        return value == null
                ? List.of()
                : value.lines().filter(line -> !line.isBlank()).toList();
    }

    boolean flag(@Nullable Boolean given, OptionSpec option) {
        if (given != null) {
            return given;
        }
        String value = get(option.longestName());
        if (value == null) {
            return false;
        }
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off" -> false;
            default ->
                throw new ParameterException(
                        option.command().commandLine(),
                        variable(option.longestName()) + " must be true or false, not '" + value + "'");
        };
    }

    @Override
    public @Nullable String defaultValue(ArgSpec arg) {
        // Null leaves the default that the option itself states.
        return arg instanceof OptionSpec option
                        && option.arity().max() == 1
                        && (!option.isMultiValue() || !option.splitRegex().isEmpty())
                ? get(option.longestName())
                : null;
    }
}
