package dev.millrace.driver.collect;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** The JSON form of a result; on its own so that its library is loaded by those who ask for it. */
final class JsonTable {
    private JsonTable() {}

    static void write(ResultTable counts, int limit, TextOut out) throws IOException {
        JsonGenerator json = new JsonFactory().createGenerator(out);
        json.setRootValueSeparator(null);
        json.writeRaw('[');
        String[] separator = {"\n"};
        counts.forEach(limit, (bytes, from, length, count) -> {
            json.writeRaw(separator[0]);
            separator[0] = ",\n";
            json.writeStartObject();
            json.writeFieldName("word");
            json.writeUTF8String(bytes, from, length);
            json.writeNumberField("count", count);
            json.writeEndObject();
        });
        json.writeRaw("\n]\n");
        json.flush();
    }
}
