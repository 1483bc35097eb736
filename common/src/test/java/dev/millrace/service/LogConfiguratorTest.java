package dev.millrace.service;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.errors.NotControllerException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogConfiguratorTest {
    private final LoggerContext context = new LoggerContext();

    @BeforeEach
    void configure() {
        LogConfigurator configurator = new LogConfigurator(Map.of());
        configurator.setContext(context);
        configurator.configure(context);
    }

    @AfterEach
    void stop() {
        context.stop();
    }

    /** It printed 16 lines of stack in front of a user whose broker started beside other work. */
    @Test
    void aBrokerThatAsksAgainDoesNotComplain() {
        Throwable early = new CompletionException(new NotControllerException("The active controller appears to be 1."));
        assertThat(isShown("kafka.server.ControllerApis", early)).isFalse();
        assertThat(isShown("kafka.server.ReplicaManager", new OutOfOrderSequenceException("first")))
                .isFalse();
        assertThat(isShown("kafka.server.ControllerApis", new UnknownServerException("odd")))
                .isTrue();
        assertThat(isShown("kafka.server.ReplicaManager", early)).isTrue();
        assertThat(isShown("kafka.server.ControllerApis", null)).isTrue();
    }

    private boolean isShown(String name, @Nullable Throwable thrown) {
        Logger logger = context.getLogger(name);
        Appender<ILoggingEvent> appender =
                context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).getAppender("stderr");
        LoggingEvent event = new LoggingEvent("", logger, Level.ERROR, "Unexpected error", thrown, null);
        return appender.getFilterChainDecision(event) != FilterReply.DENY;
    }
}
