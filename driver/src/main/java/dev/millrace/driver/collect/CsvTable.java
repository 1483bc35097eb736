package dev.millrace.driver.collect;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The CSV form of a result; on its own so that its library is loaded by those who ask for it. */
final class CsvTable {
    private CsvTable() {}

    static void write(ResultTable counts, int limit, TextOut out) throws IOException {
        CsvWriter csv = CsvWriter.builder()
                .lineDelimiter(LineDelimiter.LF)
                .build(new OutputStreamWriter(out, StandardCharsets.UTF_8));
        try {
            csv.writeRecord("word", "count");
            counts.forEach(
                    limit,
                    (bytes, from, length, count) -> csv.writeRecord(
                            new String(bytes, from, length, StandardCharsets.UTF_8), Long.toString(count)));
            csv.flush();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
