package dev.millrace.service;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code /healthz} (200 when running, else 503; one line with state and reason) and {@code /metrics} over HTTP. Only
 * GET and HEAD; nothing can be changed through it.
 */
final class HttpEndpoint implements AutoCloseable {
    private static final int THREADS = 2;
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads;

    private HttpEndpoint(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /** @throws MillraceException naming the address when it cannot be had */
    static HttpEndpoint start(InetSocketAddress address, Supplier<Health> health, Metrics metrics) {
        HttpServer server = bind(address);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "http");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", exchange -> answer(exchange, health, metrics));
        server.start();
        return new HttpEndpoint(server, threads);
    }

    InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static HttpServer bind(InetSocketAddress address) {
        try {
            return HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "cannot serve HTTP on " + address.getAddress().getHostAddress() + ":" + address.getPort() + ": "
                            + e.getMessage() + "; name another address with " + ServiceSettings.HTTP_ADDRESS,
                    e);
        }
    }

    private static void answer(HttpExchange exchange, Supplier<Health> health, Metrics metrics) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, 405, PLAIN, "only GET and HEAD\n");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/healthz" -> sendHealth(exchange, health.get());
                case "/metrics" -> sendMetrics(exchange, metrics);
                default -> send(exchange, 404, PLAIN, "only /healthz and /metrics\n");
            }
        }
    }

    private static void sendHealth(HttpExchange exchange, Health health) throws IOException {
        String line =
                health.reason().isEmpty() ? health.state() + "\n" : health.state() + ": " + health.reason() + "\n";
        send(exchange, health.state().isHealthy() ? 200 : 503, PLAIN, line);
    }

    private static void sendMetrics(HttpExchange exchange, Metrics metrics) throws IOException {
        @Nullable String accept = exchange.getRequestHeaders().getFirst("Accept");
        String type = accept != null && accept.contains("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS;
        send(exchange, 200, type, metrics.scrape(type));
    }

    private static void send(HttpExchange exchange, int status, String contentType, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", contentType);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
