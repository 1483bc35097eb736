package dev.millrace.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

/** Where a broker does not answer; what it finds of those that do, a real one tests. */
final class TransactionWatchTest {
    private static final JobSpec SPEC = new JobSpec(
            JobId.parse("00112233445566dd"),
            "wiki",
            JobKind.CONTINUOUS,
            new TextRules("unicode", 1, List.of()),
            new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1000),
            1,
            "pairs-id",
            2,
            2,
            false,
            0,
            0,
            0);

    /** All that it tells is that something is written behind what may be read. */
    private static Object answer(String asked, Object[] arguments) {
        if (asked.equals("close")) {
            return "closed";
        }
        if (!asked.equals("listOffsets")) {
            throw new TimeoutException("no answer");
        }
        boolean isStable = ((ListOffsetsOptions) arguments[1]).isolationLevel() == IsolationLevel.READ_COMMITTED;
        ListOffsetsResultInfo end = new ListOffsetsResultInfo(isStable ? 5 : 9, -1, Optional.empty());
        return new ListOffsetsResult(((Map<?, ?>) arguments[0])
                .keySet().stream()
                        .collect(Collectors.toMap(
                                partition -> (TopicPartition) partition,
                                partition -> KafkaFuture.completedFuture(end))));
    }

    /** Counts seemed to be fresh, as it could not be told what held up the rest. */
    @Test
    void aSourceIsHeldUpThoughNobodyTellsByWhat() {
        Admin admin = (Admin) Proxy.newProxyInstance(
                Admin.class.getClassLoader(),
                new Class<?>[] {Admin.class},
                (proxy, method, arguments) -> answer(method.getName(), arguments));
        AtomicLong nanos = new AtomicLong();
        List<String> told = new ArrayList<>();
        try (TransactionWatch watch =
                new TransactionWatch(ClusterSettings.of("nowhere:1"), SPEC, told::add, admin, nanos::get)) {
            watch.lookAlsoAt(List.of(new TopicPartition("docs", 0)));
            watch.look();
            assertThat(watch.sourceHeldUpMillis()).isZero();
            nanos.addAndGet(25_000_000_000L);
            watch.look();
            assertThat(watch.sourceHeldUpMillis()).isEqualTo(25_000);
            assertThat(watch.ownEndings()).isEmpty();
            assertThat(told).isEmpty();
        }
    }
}
