package dev.millrace.service;

import dev.millrace.service.Metrics.KafkaBinding;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.lang.reflect.Proxy;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.clients.producer.Producer;

/** The metrics of Kafka clients as meters; one thread looks for new ones, whatever the number of clients. */
final class KafkaClientMeters implements AutoCloseable {
    private final MeterRegistry registry;
    private final ScheduledExecutorService refresher = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "kafka-client-meters");
        thread.setDaemon(true);
        return thread;
    });

    KafkaClientMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    KafkaBinding bind(Producer<?, ?> producer) {
        return bind(new KafkaClientMetrics(producer, Tags.empty(), refresher));
    }

    KafkaBinding bind(Consumer<?, ?> consumer) {
        return bind(new KafkaClientMetrics(consumer, Tags.empty(), refresher));
    }

    KafkaBinding bind(AdminClient admin) {
        return bind(new KafkaClientMetrics(admin, Tags.empty(), refresher));
    }

    /** Micrometer knows no share consumers yet, but asks a consumer for nothing but its metrics. */
    KafkaBinding bind(ShareConsumer<?, ?> consumer) {
        Consumer<?, ?> metricsOnly = (Consumer<?, ?>) Proxy.newProxyInstance(
                Consumer.class.getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("metrics")) {
                        return consumer.metrics();
                    }
                    throw new UnsupportedOperationException(method.toString());
                });
        return bind(metricsOnly);
    }

    @Override
    public void close() {
        refresher.shutdownNow();
    }

    private KafkaBinding bind(KafkaClientMetrics metrics) {
        metrics.bindTo(registry);
        return metrics::close;
    }
}
