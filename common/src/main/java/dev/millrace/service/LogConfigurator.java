package dev.millrace.service;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.spi.FilterReply;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sets up the logs of every Millrace process, found by logback through its service file. All logs go to standard error.
 *
 * <ul>
 *   <li>{@code MILLRACE_LOG_LEVEL} (or the system property {@code millrace.log.level}): TRACE, DEBUG, INFO, WARN or
 *       ERROR. Default: ERROR for the command line, which says itself what goes wrong; for services WARN, and INFO for
 *       what is Millrace's own.
 *   <li>{@code MILLRACE_LOG_FORMAT} (or {@code millrace.log.format}): {@code text} or {@code json}.
 * </ul>
 *
 * <p>Done in code, because reading XML takes a tenth of a second of every start. logback makes the instance, so class
 * and constructor are public.
 */
public final class LogConfigurator extends ContextAwareBase implements Configurator {
    /** Loggers that warn on every ordinary start or stop of an embedded broker. */
    private static final Map<String, Level> WARN_WITHOUT_NEED = Map.of(
            "org.apache.kafka.controller.QuorumController", Level.ERROR,
            "org.apache.kafka.clients.ClientUtils", Level.ERROR,
            "org.apache.kafka.common.utils.internals.AppInfoParser", Level.ERROR);

    /** Prints with its stack what a reducer throws when it cannot take a partition, and which ends the reducer by name. */
    private static final String SAYS_TWICE =
            "org.apache.kafka.clients.consumer.internals.ConsumerRebalanceListenerInvoker";

    private final Map<String, String> environment;

    public LogConfigurator() {
        this(System.getenv());
    }

    LogConfigurator(Map<String, String> environment) {
        this.environment = environment;
    }

    /** Whether nobody has asked for a level. */
    static boolean isLevelLeftOpen() {
        return new LogConfigurator().level() == null;
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        @Nullable Level wanted = level();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context));
        appender.addFilter(new NeedlessWarnings());
        appender.start();
        var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(wanted == null ? Level.ERROR : wanted);
        root.addAppender(appender);
        if (wanted == null) {
            WARN_WITHOUT_NEED.forEach((name, level) -> context.getLogger(name).setLevel(level));
            context.getLogger(SAYS_TWICE).setLevel(Level.OFF);
        }
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /**
     * What every clean stop of a broker says; what a broker says of a batch that came before the first one of its
     * transaction, which the producer sends again by itself; and of a request to a controller that was about to become
     * active, at a start beside other work, which is sent again too.
     */
    private static final class NeedlessWarnings extends Filter<ILoggingEvent> {
        @Override
        public FilterReply decide(ILoggingEvent event) {
            boolean needless = switch (event.getLoggerName()) {
                case "org.apache.kafka.clients.NetworkClient" ->
                    event.getMessage().contains("that has already been closed");
                case "kafka.server.ReplicaManager" -> comesOf("OutOfOrderSequenceException", event.getThrowableProxy());
                case "kafka.server.ControllerApis" -> comesOf("NotControllerException", event.getThrowableProxy());
                default -> false;
            };
            return needless ? FilterReply.DENY : FilterReply.NEUTRAL;
        }

        private static boolean comesOf(String error, @Nullable IThrowableProxy thrown) {
            return thrown != null
                    && (thrown.getClassName().equals("org.apache.kafka.common.errors." + error)
                            || comesOf(error, thrown.getCause()));
        }
    }

    private Encoder<ILoggingEvent> encoder(LoggerContext context) {
        String format = setting("MILLRACE_LOG_FORMAT", "millrace.log.format", "text");
        if (format.equalsIgnoreCase("json")) {
            JsonEncoder json = new JsonEncoder();
            json.setContext(context);
            json.setWithFormattedMessage(true);
            json.setWithMessage(false);
            json.setWithArguments(false);
            json.setWithSequenceNumber(false);
            json.setWithContext(false);
            json.start();
            return json;
        }
        if (!format.equalsIgnoreCase("text")) {
            complain("MILLRACE_LOG_FORMAT is neither text nor json: " + format);
        }
        LogLineLayout layout = new LogLineLayout();
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> text = new LayoutWrappingEncoder<>();
        text.setContext(context);
        text.setCharset(StandardCharsets.UTF_8);
        text.setLayout(layout);
        text.start();
        return text;
    }

    private @Nullable Level level() {
        String name = setting("MILLRACE_LOG_LEVEL", "millrace.log.level", "");
        @Nullable Level level = Level.toLevel(name.toUpperCase(Locale.ROOT), null);
        if (level == null && !name.isEmpty()) {
            complain("MILLRACE_LOG_LEVEL is not a level: " + name);
        }
        return level;
    }

    /** logback prints its own warnings to standard output, which belongs to results. */
    private static void complain(String what) {
        System.err.println("millrace: " + what);
    }

    private String setting(String variable, String property, String otherwise) {
        String fromEnvironment = environment.getOrDefault(variable, "");
        return fromEnvironment.isBlank() ? System.getProperty(property, otherwise) : fromEnvironment.strip();
    }
}
