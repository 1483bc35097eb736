package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.text.TextProfile;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that fail before they begin. */
@Timeout(180)
final class UnbegunJobTest {
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());

    @TempDir
    Path folder;

    /** Its topics stayed for good, and a service that was started again and again made more each time. */
    @Test
    void aJobThatMayNotBeginLeavesNoTopics() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "mill race");
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(
                null,
                0,
                Map.of(
                        "authorizer.class.name",
                        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                        "allow.everyone.if.no.acl.found",
                        "true")))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("p."));
            DriverSettings settings = new DriverSettings(
                    cluster, InputRoots.ofArguments(List.of(text)), Duration.ofSeconds(60), false, "millrace attach");
            try (Admin admin = cluster.admin();
                    ClusterSetup setup = new ClusterSetup(cluster);
                    KafkaJobClient batches = new KafkaJobClient(settings);
                    ContinuousClient continuous = new KafkaContinuousClient(settings)) {
                setup.create(new ClusterSetup.Shape(2, 1, 1));
                Set<String> before = admin.listTopics().names().get();
                AclBinding noPairs = new AclBinding(
                        new ResourcePattern(ResourceType.TOPIC, "p.pairs", PatternType.LITERAL),
                        new AccessControlEntry("User:ANONYMOUS", "*", AclOperation.WRITE, AclPermissionType.DENY));
                AclBinding elseAll = new AclBinding(
                        new ResourcePattern(ResourceType.TOPIC, "p.pairs", PatternType.LITERAL),
                        new AccessControlEntry("User:ANONYMOUS", "*", AclOperation.ALL, AclPermissionType.ALLOW));
                admin.createAcls(List.of(noPairs, elseAll)).all().get();
                assertThatThrownBy(() -> batches.run(
                                new JobRequest(
                                        "batch",
                                        new InputSpec(List.of(text.toString()), List.of(), List.of(), false, 1 << 20),
                                        RULES,
                                        16,
                                        4,
                                        false),
                                JobListener.NONE))
                        .isInstanceOfSatisfying(
                                MillraceException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BROKER))
                        .hasNoSuppressedExceptions();
                assertThatThrownBy(() -> continuous.run(
                                "lines",
                                RULES,
                                new ContinuousClient.Lines(InputStream.nullInputStream(), new byte[] {'\n'}),
                                false,
                                new ContinuousListener() {}))
                        .isInstanceOfSatisfying(
                                MillraceException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BROKER))
                        .hasNoSuppressedExceptions();
                // __transaction_state may have come, and a broker hears of what is deleted a moment later.
                while (!admin.listTopics().names().get().stream()
                        .allMatch(name -> name.startsWith("__") || before.contains(name))) {
                    Thread.onSpinWait();
                }
            }
        }
    }
}
