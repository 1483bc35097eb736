package dev.millrace.service;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one process, for Prometheus. Names have dots ({@code millrace.tasks.done}); what is scraped has
 * underscores. All methods may be called from any thread.
 */
public final class Metrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final KafkaClientMeters clients = new KafkaClientMeters(registry);

    /** Meters of this JVM; {@code service} is a label of every one of them. */
    public Metrics(String service) {
        registry.config().commonTags("service", service);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        collections.bindTo(registry);
    }

    /** A count that only grows. */
    public interface Counter {
        void add(long amount);
    }

    /** How often and how long something took. */
    public interface Timer {
        void record(Duration duration);
    }

    /** Makes a counter, or gives the one of that name and labels; {@code labels} are names and values in turn. */
    public Counter counter(String name, String description, String... labels) {
        var counter = io.micrometer.core.instrument.Counter.builder(name)
                .description(description)
                .tags(labels)
                .register(registry);
        return counter::increment;
    }

    /** A timer that also states the usual percentiles as a histogram. */
    public Timer timer(String name, String description, String... labels) {
        var timer = io.micrometer.core.instrument.Timer.builder(name)
                .description(description)
                .tags(labels)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(1))
                .register(registry);
        return timer::record;
    }

    /** A value read when the meters are scraped. {@code source} is kept alive. */
    public <T> void gauge(String name, String description, T source, ToDoubleFunction<T> value, String... labels) {
        io.micrometer.core.instrument.Gauge.builder(name, source, value)
                .description(description)
                .tags(Tags.of(labels))
                .strongReference(true)
                .register(registry);
    }

    /** Shows the metrics of a Kafka client until the result is closed, which is to be done with the client. */
    public KafkaBinding bind(Producer<?, ?> producer) {
        return clients.bind(producer);
    }

    /** Shows the metrics of a producer that is made anew now and then: those of the last one given. */
    public java.util.function.Consumer<Producer<?, ?>> latestProducer() {
        AtomicReference<@Nullable KafkaBinding> last = new AtomicReference<>();
        return producer -> {
            KafkaBinding before = last.getAndSet(bind(producer));
            if (before != null) {
                before.close();
            }
        };
    }

    public KafkaBinding bind(Consumer<?, ?> consumer) {
        return clients.bind(consumer);
    }

    public KafkaBinding bind(ShareConsumer<?, ?> consumer) {
        return clients.bind(consumer);
    }

    public KafkaBinding bind(AdminClient admin) {
        return clients.bind(admin);
    }

    /** The meters of one Kafka client. */
    public interface KafkaBinding extends AutoCloseable {
        @Override
        void close();
    }

    /** All meters in the text form that {@code contentType} names: Prometheus 0.0.4 or OpenMetrics. */
    String scrape(String contentType) {
        return registry.scrape(contentType);
    }

    @Override
    public void close() {
        clients.close();
        collections.close();
        registry.close();
    }
}
