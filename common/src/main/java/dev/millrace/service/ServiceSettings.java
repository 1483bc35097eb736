package dev.millrace.service;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What every service process can be told.
 *
 * @param httpAddress where {@code /healthz} and {@code /metrics} are served; null for nowhere; port 0 for a free one
 * @param drainGrace how long a service may take to finish what it has begun when it is told to stop
 */
public record ServiceSettings(@Nullable InetSocketAddress httpAddress, Duration drainGrace) {
    public static final String HTTP_ADDRESS = "http-address";
    public static final String DRAIN_GRACE = "drain-grace";
    public static final Duration DEFAULT_DRAIN_GRACE = Duration.ofSeconds(25);

    /** A host in brackets may hold colons, for IPv6. */
    private static final Pattern ADDRESS = Pattern.compile("(?:(\\[[^]]+]|[^:]*):)?(\\d{1,5})");

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m)");

    /**
     * Reads {@code http-address} (HOST:PORT or PORT; the host is 127.0.0.1 unless told, port 0 or {@code off} means no
     * HTTP, which is the default) and {@code drain-grace} (such as {@code 25s}). A flag wins over its variable,
     * {@code MILLRACE_HTTP_ADDRESS} and {@code MILLRACE_DRAIN_GRACE}.
     *
     * @param flags by name, without dashes
     * @throws MillraceException of kind USAGE, naming the setting and its value
     */
    public static ServiceSettings from(Map<String, String> flags, Map<String, String> environment) {
        return new ServiceSettings(
                httpAddress(setting(HTTP_ADDRESS, "off", flags, environment)),
                drainGrace(setting(DRAIN_GRACE, DEFAULT_DRAIN_GRACE.toSeconds() + "s", flags, environment)));
    }

    private static String setting(
            String name, String otherwise, Map<String, String> flags, Map<String, String> environment) {
        String variable = "MILLRACE_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
        String fromEnvironment = environment.getOrDefault(variable, "");
        return flags.getOrDefault(name, fromEnvironment.isBlank() ? otherwise : fromEnvironment)
                .strip();
    }

    private static @Nullable InetSocketAddress httpAddress(String text) {
        if (text.equals("off")) {
            return null;
        }
        Matcher matcher = ADDRESS.matcher(text);
        int port = matcher.matches() ? Integer.parseInt(matcher.group(2)) : -1;
        if (port < 0 || port > 65_535) {
            throw usage(HTTP_ADDRESS, text, "is not HOST:PORT, PORT or off");
        }
        if (port == 0) {
            return null;
        }
        @Nullable String host = matcher.group(1);
        try {
            return new InetSocketAddress(
                    InetAddress.getByName(host == null || host.isEmpty() ? "127.0.0.1" : host), port);
        } catch (UnknownHostException e) {
            throw usage(HTTP_ADDRESS, text, "names a host that cannot be found");
        }
    }

    private static Duration drainGrace(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw usage(DRAIN_GRACE, text, "is not a duration such as 500ms, 25s or 2m");
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            default -> Duration.ofMinutes(amount);
        };
    }

    private static MillraceException usage(String name, String value, String what) {
        return new MillraceException(ExitCode.USAGE, name + " '" + value + "' " + what);
    }
}
