package dev.millrace.local;

import com.yammer.metrics.core.Histogram;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.server.metrics.KafkaMetricsGroup;

/**
 * The histograms in which the broker notes what each request took, up to ten for each kind of request, in a form that costs
 * little. Kafka has each keep the latest thousand values in a skip list: every request makes some thirty objects that live
 * for seconds, and these were three of four objects that a collection of the young generation had to copy. A histogram that
 * is registered before the broker asks for it is the one it gets; this one draws its sample from all values since the start
 * and keeps it in an array.
 */
final class RequestHistograms {
    private static final List<String> NAMES = List.of(
            "RequestQueueTimeMs",
            "LocalTimeMs",
            "RemoteTimeMs",
            "ThrottleTimeMs",
            "ResponseQueueTimeMs",
            "ResponseSendTimeMs",
            "TotalTimeMs",
            "RequestBytes");

    private static final List<String> OF_PRODUCE_AND_FETCH =
            List.of("MessageConversionsTimeMs", "TemporaryMemoryBytes");

    /** Those that come for every few documents; one array is of 8 KiB. */
    private static final List<String> REQUESTS = List.of(
            ApiKeys.PRODUCE.name,
            ApiKeys.FETCH.name,
            "FetchConsumer",
            ApiKeys.ADD_PARTITIONS_TO_TXN.name,
            ApiKeys.TXN_OFFSET_COMMIT.name,
            ApiKeys.END_TXN.name,
            ApiKeys.WRITE_TXN_MARKERS.name,
            ApiKeys.SHARE_FETCH.name);

    private RequestHistograms() {}

    /** To be called before a broker starts; one that stops takes them away. */
    static void register() {
        register(NAMES, REQUESTS);
        register(OF_PRODUCE_AND_FETCH, List.of(ApiKeys.PRODUCE.name, ApiKeys.FETCH.name));
    }

    private static void register(List<String> names, List<String> requests) {
        for (String request : requests) {
            names.forEach(name -> histogram(name, request));
        }
    }

    /** The one that is registered, or a new one. */
    static Histogram histogram(String name, String request) {
        return new KafkaMetricsGroup("kafka.network", "RequestMetrics")
                .newHistogram(name, false, Map.of("request", request));
    }
}
