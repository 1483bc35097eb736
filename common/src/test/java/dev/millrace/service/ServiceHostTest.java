package dev.millrace.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.MetricName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ServiceHostTest {
    private static final ServiceSettings ON_A_FREE_PORT =
            new ServiceSettings(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Duration.ofSeconds(30));

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void tellsItsLifeFromStartToDrain() throws Exception {
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            assertThat(get(host, "/healthz")).matches(is(503, "STARTING\n"));
            LatchService service = new LatchService();
            CompletableFuture<ExitCode> code = CompletableFuture.supplyAsync(() -> host.run(ignored -> service));
            service.running.await();
            assertThat(get(host, "/healthz")).matches(is(503, "STARTING\n"));
            service.mayBeReady.countDown();
            service.saidReady.await();
            assertThat(get(host, "/healthz")).matches(is(200, "RUNNING\n"));
            service.health = new Health(HealthState.FAILED, "no broker at 127.0.0.1:1");
            assertThat(get(host, "/healthz")).matches(is(503, "FAILED: no broker at 127.0.0.1:1\n"));
            host.drain();
            assertThat(get(host, "/healthz")).matches(is(503, "DRAINING: told to stop\n"));
            assertThat(code).isNotDone();
            service.mayEnd.countDown();
            assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ExitCode.OK);
        }
    }

    @Test
    void aServiceThatFailsGivesItsExitCodeAndItsReason() throws Exception {
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            ExitCode code = host.run(ignored -> new FailingService(new MillraceException(ExitCode.BROKER, "gone")));
            assertThat(code).isEqualTo(ExitCode.BROKER);
            assertThat(get(host, "/healthz")).matches(is(503, "FAILED: gone\n"));
        }
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            assertThat(host.run(ignored -> new FailingService(new IOException("unexpected"))))
                    .isEqualTo(ExitCode.FAILED);
        }
    }

    /** The error left the host as it was: it ended with a stack trace, and was RUNNING until then. */
    @Test
    void aServiceThatIsOutOfMemorySaysSo() throws Exception {
        try (ServiceHost host = new ServiceHost("reducer-1", ON_A_FREE_PORT)) {
            assertThat(host.run(ignored -> new FailingService(new OutOfMemoryError("Java heap space"))))
                    .isEqualTo(ExitCode.FAILED);
            assertThat(get(host, "/healthz").body())
                    .startsWith("FAILED: out of memory (Java heap space) with a heap of ")
                    .contains("MILLRACE_JAVA_OPTS");
        }
    }

    @Test
    void aDrainBeforeTheStartReachesTheService() throws Exception {
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            LatchService service = new LatchService();
            service.mayEnd.countDown();
            service.mayBeReady.countDown();
            host.drain();
            assertThat(host.run(ignored -> service)).isEqualTo(ExitCode.OK);
            assertThat(service.drains).hasValue(1);
        }
    }

    @Test
    void servesItsMetersAndThoseOfItsKafkaClients() throws Exception {
        try (ServiceHost host = new ServiceHost("reducer-0", ON_A_FREE_PORT);
                MockProducer<byte[], byte[]> producer = new MockProducer<>()) {
            host.metrics().counter("millrace.tasks.done", "Tasks done").add(3);
            host.metrics()
                    .timer("millrace.task.duration", "Time of a task", "kind", "file")
                    .record(Duration.ofMillis(20));
            host.metrics().gauge("millrace.tables", "Open tables", this, ignored -> 7);
            MetricName sent = new MetricName("record-send-total", "producer-metrics", "", Map.of("client-id", "p"));
            producer.setMockMetrics(sent, metric(sent, 42.0));
            Metrics.KafkaBinding binding = host.metrics().bind(producer);
            String scraped = get(host, "/metrics").body();
            assertThat(scraped)
                    .contains("millrace_tasks_done_total{service=\"reducer-0\"} 3.0")
                    .contains("millrace_task_duration_seconds_count{kind=\"file\",service=\"reducer-0\"} 1")
                    .contains("millrace_tables{service=\"reducer-0\"} 7.0")
                    .contains("jvm_memory_used_bytes")
                    .containsPattern("kafka_producer_record_send_total\\{.*client_id=\"p\".*} 42\\.0");
            binding.close();
            assertThat(get(host, "/metrics").body()).doesNotContain("kafka_producer_record_send_total");
        }
    }

    @Test
    void speaksOpenMetricsWhenAskedTo() throws Exception {
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            HttpRequest request = request(host, "/metrics")
                    .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
                    .build();
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            assertThat(response.headers().firstValue("content-type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("application/openmetrics-text"));
            assertThat(response.body()).endsWith("# EOF\n");
            assertThat(get(host, "/metrics").headers().firstValue("content-type"))
                    .contains("text/plain; version=0.0.4; charset=utf-8");
        }
    }

    @Test
    void answersNothingElse() throws Exception {
        try (ServiceHost host = new ServiceHost("mapper-1", ON_A_FREE_PORT)) {
            assertThat(get(host, "/").statusCode()).isEqualTo(404);
            assertThat(get(host, "/healthz/../../etc/passwd").statusCode()).isEqualTo(404);
            HttpRequest post = request(host, "/healthz")
                    .POST(HttpRequest.BodyPublishers.ofString("x"))
                    .build();
            assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
            HttpRequest head = request(host, "/healthz")
                    .method("HEAD", HttpRequest.BodyPublishers.noBody())
                    .build();
            assertThat(client.send(head, BodyHandlers.ofString())).matches(is(503, ""));
        }
    }

    @Test
    void namesAnHttpAddressThatIsTaken() throws Exception {
        try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress taken = new InetSocketAddress(InetAddress.getLoopbackAddress(), holder.getLocalPort());
            assertThatThrownBy(() -> new ServiceHost("mapper-1", new ServiceSettings(taken, Duration.ZERO)))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("127.0.0.1:" + holder.getLocalPort());
        }
    }

    private HttpResponse<String> get(ServiceHost host, String path) throws IOException, InterruptedException {
        return client.send(request(host, path).build(), BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(ServiceHost host, String path) {
        int port = Objects.requireNonNull(host.httpAddress()).getPort();
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20));
    }

    private static java.util.function.Predicate<HttpResponse<String>> is(int status, String body) {
        return response -> response.statusCode() == status && response.body().equals(body);
    }

    private static org.apache.kafka.common.Metric metric(MetricName name, double value) {
        return new org.apache.kafka.common.Metric() {
            @Override
            public MetricName metricName() {
                return name;
            }

            @Override
            public Object metricValue() {
                return value;
            }
        };
    }

    private static final class LatchService implements Service {
        final CountDownLatch running = new CountDownLatch(1);
        final CountDownLatch mayBeReady = new CountDownLatch(1);
        final CountDownLatch saidReady = new CountDownLatch(1);
        final CountDownLatch told = new CountDownLatch(1);
        final CountDownLatch mayEnd = new CountDownLatch(1);
        volatile Health health = Health.of(HealthState.RUNNING);
        final AtomicInteger drains = new AtomicInteger();

        @Override
        public void run(Runnable ready) throws InterruptedException {
            running.countDown();
            mayBeReady.await();
            ready.run();
            saidReady.countDown();
            told.await();
            mayEnd.await();
        }

        @Override
        public void drain() {
            drains.incrementAndGet();
            told.countDown();
        }

        @Override
        public Health health() {
            return health;
        }
    }

    private record FailingService(Throwable failure) implements Service {
        @Override
        public void run(Runnable ready) throws Exception {
            if (failure instanceof Error error) {
                throw error;
            }
            throw (Exception) failure;
        }

        @Override
        public void drain() {
            throw new AssertionError("nobody asked for a drain");
        }
    }
}
