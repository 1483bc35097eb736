package dev.millrace.driver.continuous;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.millrace.driver.Release;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is told of continuous jobs as JSON. Digests and numbers of barriers are strings of 16 hexadecimal digits, since
 * JSON's numbers are exact only up to 2^53. A document comes with its exact id, by which programs tell documents apart and
 * find files (percent-encoded, as JSON has no way to say bytes that are not UTF-8), and with its name as people are shown
 * it. Sources are named exactly, folders percent-encoded. Streams are left open.
 */
public final class ContinuousJson {
    /** Version of a snapshot's receipt; a field may be added without a new one. */
    public static final int FORMAT = 1;

    private ContinuousJson() {}

    private static JsonGenerator generator(OutputStream out) throws IOException {
        return new JsonFactory().createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    }

    /**
     * One look at a live table, as one line; what is not known is null. Of a driver that is not heard of, or with the
     * broker away, that is all but the number of documents.
     */
    public static void write(LiveTable.View view, OutputStream out) throws IOException {
        JsonGenerator json = generator(out);
        DriverStatus driver = view.driver();
        Event.ContinuousStatus status = driver == null || !view.isLive() ? null : driver.said();
        json.writeStartObject();
        number(json, "documents", driver == null ? null : driver.said().documents());
        json.writeNumberField("tokens", view.tokens());
        json.writeNumberField("words", view.words());
        number(json, "changesPerSecond", status == null ? null : status.changesPerSecond());
        number(json, "freshnessMillis", status == null || view.freshnessMillis() < 0 ? null : view.freshnessMillis());
        number(json, "waiting", status == null ? null : status.waiting());
        number(json, "unreadable", status == null ? null : status.unreadable());
        number(json, "statusAgeMillis", driver == null ? null : driver.ageMillis());
        json.writeBooleanField("brokerAnswers", view.brokerAwayMillis() == 0);
        json.writeArrayFieldStart("top");
        for (LiveTable.WordCount each : view.top()) {
            json.writeStartObject();
            json.writeStringField("word", each.word());
            json.writeNumberField("count", each.count());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
        json.writeRaw('\n');
        json.close();
    }

    private static void number(JsonGenerator json, String name, @Nullable Long value) throws IOException {
        if (value == null) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, value);
        }
    }

    /** Counts of words in the form of {@link dev.millrace.driver.collect.TableFormat#JSON}. */
    public static void write(List<LiveTable.WordCount> counts, OutputStream out) throws IOException {
        JsonGenerator json = generator(out);
        json.setRootValueSeparator(null);
        json.writeRaw('[');
        String separator = "\n";
        for (LiveTable.WordCount each : counts) {
            json.writeRaw(separator);
            separator = ",\n";
            json.writeStartObject();
            json.writeStringField("word", each.word());
            json.writeNumberField("count", each.count());
            json.writeEndObject();
        }
        json.writeRaw("\n]\n");
        json.close();
    }

    /** @param limit most documents to name */
    public static void write(Holders holders, int limit, OutputStream out) throws IOException {
        JsonGenerator json = indenting(out);
        json.writeStartObject();
        json.writeStringField("word", holders.word());
        json.writeNumberField("count", holders.count());
        json.writeNumberField("documentCount", holders.documents().size());
        json.writeArrayFieldStart("documents");
        for (Holders.Holder each : holders.documents()
                .subList(0, Math.min(limit, holders.documents().size()))) {
            json.writeStartObject();
            json.writeStringField("document", each.document());
            json.writeStringField("name", each.name());
            json.writeNumberField("count", each.count());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
        json.writeRaw('\n');
        json.close();
    }

    private static JsonGenerator indenting(OutputStream out) throws IOException {
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        return generator(out)
                .setPrettyPrinter(
                        new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines));
    }

    /**
     * The receipt of a snapshot: what was counted, each document in which version, and to what all of it adds up. Its
     * documents' tokens and digests add up to its own.
     *
     * @param unicodeVersion that of the text profile's tables, as in {@code 16.0.0}
     */
    public static void write(Snapshot snapshot, String unicodeVersion, OutputStream out) throws IOException {
        JsonGenerator json = indenting(out);
        JobSpec job = snapshot.job();
        json.writeStartObject();
        json.writeNumberField("format", FORMAT);
        json.writeStringField("job", job.id().toString());
        json.writeStringField("name", job.name());
        json.writeStringField("barrier", HexFormat.of().toHexDigits(snapshot.barrier()));
        json.writeStringField("millraceVersion", Release.VERSION);
        json.writeStringField("profile", job.rules().profile());
        json.writeNumberField("profileVersion", job.rules().version());
        json.writeStringField("unicodeVersion", unicodeVersion);
        json.writeNumberField("stopWords", job.rules().stopWords().size());
        strings(json, "sources", job.input().paths());
        json.writeNumberField("words", snapshot.counts().size());
        total(json, snapshot.total());
        json.writeNumberField("documentCount", snapshot.documents().size());
        json.writeArrayFieldStart("documents");
        DocumentNames names = DocumentNames.of(job);
        for (Map.Entry<String, DocumentEntry> each : snapshot.documents().entrySet()) {
            document(json, each.getKey(), names.printable(each.getKey()), each.getValue());
        }
        json.writeEndArray();
        strings(json, "unreadable", snapshot.unreadable());
        json.writeEndObject();
        json.writeRaw('\n');
        json.close();
    }

    private static void document(JsonGenerator json, String id, String name, DocumentEntry entry) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", id);
        json.writeStringField("name", name);
        json.writeStringField("version", entry.version());
        json.writeNumberField("bytes", entry.bytes());
        total(json, entry.total());
        strings(
                json,
                "parts",
                entry.parts().stream().map(part -> part.hash().toString()).toList());
        json.writeEndObject();
    }

    private static void total(JsonGenerator json, PartitionTotal total) throws IOException {
        json.writeNumberField("tokens", total.tokens());
        json.writeStringField("digest", HexFormat.of().toHexDigits(total.digest()));
    }

    private static void strings(JsonGenerator json, String name, List<String> strings) throws IOException {
        json.writeArrayFieldStart(name);
        for (String string : strings) {
            json.writeString(string);
        }
        json.writeEndArray();
    }
}
