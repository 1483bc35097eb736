package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.Receipt;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A receipt as a JSON object. Field names are those of {@link Receipt}; digests are strings of 16 hexadecimal digits,
 * since JSON's numbers are exact only up to 2^53. Beside them stand {@code format}, the version of this form,
 * {@code unicodeVersion}, that of the profile's tables, and {@code conserved}. Any thread.
 */
public final class ReceiptJson {
    /** Version of the form; a reader refuses any other. A field may be added without a new one. */
    public static final int FORMAT = 1;

    private ReceiptJson() {}

    /**
     * What a receipt's file holds.
     *
     * @param unicodeVersion that of the text profile's tables, as in {@code 16.0.0}
     */
    public record Written(Receipt receipt, String unicodeVersion) {}

    /** Writes one object and a line end; leaves the stream open. */
    public static void write(Written written, OutputStream out) throws IOException {
        // Written field by field: a generator loads in a fraction of the time that data binding takes.
        JsonGenerator json = new JsonFactory().createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        json.setPrettyPrinter(
                new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines));
        Receipt receipt = written.receipt();
        json.writeStartObject();
        json.writeNumberField("format", FORMAT);
        json.writeStringField("job", receipt.job());
        json.writeStringField("name", receipt.name());
        json.writeStringField("millraceVersion", receipt.millraceVersion());
        json.writeStringField("profile", receipt.profile());
        json.writeNumberField("profileVersion", receipt.profileVersion());
        json.writeStringField("unicodeVersion", written.unicodeVersion());
        json.writeNumberField("stopWords", receipt.stopWords());
        json.writeNumberField("files", receipt.files());
        json.writeNumberField("bytes", receipt.bytes());
        json.writeNumberField("textBytes", receipt.textBytes());
        json.writeNumberField("words", receipt.words());
        json.writeNumberField("tasks", receipt.tasks());
        json.writeNumberField("attempts", receipt.attempts());
        json.writeNumberField("backupTasks", receipt.backupTasks());
        json.writeNumberField("duplicatesDropped", receipt.duplicatesDropped());
        json.writeNumberField("invalidSequences", receipt.invalidSequences());
        json.writeNumberField("oversizedWords", receipt.oversizedWords());
        json.writeBooleanField("conserved", receipt.isConserved());
        total(json, "mapped", receipt.mapped());
        total(json, "reduced", receipt.reduced());
        total(json, "collected", receipt.collected());
        json.writeNumberField("chunkBytes", receipt.chunkBytes());
        json.writeNumberField("partitions", receipt.partitions());
        strings(json, "skipped", receipt.skipped());
        strings(json, "notices", receipt.notices());
        json.writeNumberField("elapsedMillis", receipt.elapsedMillis());
        json.writeEndObject();
        json.writeRaw('\n');
        json.close();
    }

    /**
     * Reads what {@link #write} wrote; unknown fields are passed over.
     *
     * @throws IOException if it is not a receipt of this format: a field is missing, of another type, out of range or
     *     there twice, {@code conserved} is not what the totals say, or something follows the object
     */
    public static Written read(InputStream in) throws IOException {
        JsonNode json = StrictMapper.MAPPER.readTree(in);
        long format = whole(json, "format", Integer.MAX_VALUE);
        if (format != FORMAT) {
            throw new IOException("a receipt of format " + format + "; this version reads format " + FORMAT);
        }
        Receipt receipt = new Receipt(
                text(json, "job"),
                text(json, "name"),
                text(json, "millraceVersion"),
                text(json, "profile"),
                number(json, "profileVersion"),
                number(json, "stopWords"),
                whole(json, "files", Long.MAX_VALUE),
                whole(json, "bytes", Long.MAX_VALUE),
                whole(json, "textBytes", Long.MAX_VALUE),
                whole(json, "words", Long.MAX_VALUE),
                number(json, "tasks"),
                number(json, "attempts"),
                number(json, "backupTasks"),
                whole(json, "duplicatesDropped", Long.MAX_VALUE),
                whole(json, "invalidSequences", Long.MAX_VALUE),
                whole(json, "oversizedWords", Long.MAX_VALUE),
                total(json, "mapped"),
                total(json, "reduced"),
                total(json, "collected"),
                whole(json, "chunkBytes", Long.MAX_VALUE),
                number(json, "partitions"),
                strings(json, "skipped"),
                strings(json, "notices"),
                whole(json, "elapsedMillis", Long.MAX_VALUE));
        JsonNode conserved = field(json, "conserved");
        if (!conserved.isBoolean() || conserved.booleanValue() != receipt.isConserved()) {
            throw new IOException("a receipt whose field 'conserved' is not what its totals say");
        }
        return new Written(receipt, text(json, "unicodeVersion"));
    }

    private static void total(JsonGenerator json, String name, PartitionTotal total) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("tokens", total.tokens());
        json.writeStringField("digest", HexFormat.of().toHexDigits(total.digest()));
        json.writeEndObject();
    }

    private static void strings(JsonGenerator json, String name, List<String> strings) throws IOException {
        json.writeArrayFieldStart(name);
        for (String string : strings) {
            json.writeString(string);
        }
        json.writeEndArray();
    }

    private static PartitionTotal total(JsonNode json, String name) throws IOException {
        JsonNode total = field(json, name);
        String digest = text(total, "digest");
        if (digest.length() != 16 || !digest.chars().allMatch(HexFormat::isHexDigit)) {
            throw new IOException("a receipt whose field '" + name + ".digest' is not 16 hexadecimal digits");
        }
        return new PartitionTotal(whole(total, "tokens", Long.MAX_VALUE), HexFormat.fromHexDigitsToLong(digest));
    }

    private static List<String> strings(JsonNode json, String name) throws IOException {
        JsonNode array = field(json, name);
        List<String> strings = new ArrayList<>();
        for (JsonNode element : array) {
            if (!array.isArray() || !element.isTextual()) {
                throw new IOException("a receipt whose field '" + name + "' is not a list of strings");
            }
            strings.add(element.textValue());
        }
        return strings;
    }

    private static int number(JsonNode json, String name) throws IOException {
        return (int) whole(json, name, Integer.MAX_VALUE);
    }

    private static long whole(JsonNode json, String name, long most) throws IOException {
        JsonNode number = field(json, name);
        if (!number.isIntegralNumber()
                || !number.canConvertToLong()
                || number.longValue() < 0
                || number.longValue() > most) {
            throw new IOException("a receipt whose field '" + name + "' is not a whole number from 0 to " + most);
        }
        return number.longValue();
    }

    private static String text(JsonNode json, String name) throws IOException {
        JsonNode text = field(json, name);
        if (!text.isTextual()) {
            throw new IOException("a receipt whose field '" + name + "' is not a string");
        }
        return text.textValue();
    }

    private static JsonNode field(JsonNode json, String name) throws IOException {
        JsonNode field = json.get(name);
        if (field == null) {
            throw new IOException("a receipt without the field '" + name + "'");
        }
        return field;
    }

    /** Made when the first receipt is read: those who only write need none. */
    private static final class StrictMapper {
        static final ObjectMapper MAPPER = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                .build();
    }
}
