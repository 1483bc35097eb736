package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.Receipt;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReceiptJsonTest {
    private static final PartitionTotal TOTAL = new PartitionTotal(1L << 60, 0xfedcba9876543210L);
    private static final Receipt RECEIPT = new Receipt(
            "00ff00ff00ff00ff",
            "näme \"x\"\n",
            "0.1.0",
            "unicode",
            1,
            3,
            4,
            1L << 40,
            1L << 41,
            77,
            5,
            6,
            1,
            2,
            8,
            9,
            TOTAL,
            TOTAL,
            TOTAL,
            33554432,
            16,
            List.of("task 3: gone"),
            List.of("a", "b"),
            1234);

    @Test
    void readsBackWhatItWrote() throws IOException {
        ReceiptJson.Written written = new ReceiptJson.Written(RECEIPT, "16.0.0");
        assertThat(read(json(written))).isEqualTo(written);
    }

    @Test
    void hasAFieldForEachOfTheRecord() throws IOException {
        JsonNode json = new ObjectMapper().readTree(json(new ReceiptJson.Written(RECEIPT, "16.0.0")));
        for (var component : Receipt.class.getRecordComponents()) {
            assertThat(json.has(component.getName())).as(component.getName()).isTrue();
        }
        assertThat(json.get("format").intValue()).isOne();
        assertThat(json.get("conserved").booleanValue()).isTrue();
        assertThat(json.get("unicodeVersion").textValue()).isEqualTo("16.0.0");
        assertThat(json.get("mapped").get("digest").textValue()).isEqualTo("fedcba9876543210");
        assertThat(json.get("mapped").get("tokens").longValue()).isEqualTo(1L << 60);
    }

    @Test
    void refusesWhatIsNotAReceipt() throws IOException {
        String json = json(new ReceiptJson.Written(RECEIPT, "16.0.0"));
        assertThat(read(json.replace("\"files\"", "\"later\" : 1, \"files\""))).isNotNull();
        assertThatThrownBy(() -> read(json.replace("\"format\" : 1", "\"format\" : 2")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("format 2");
        assertThatThrownBy(() -> read(json.replace("\"files\" : 4", "\"files\" : 4.0")))
                .hasMessageContaining("files");
        assertThatThrownBy(() -> read(json.replace("\"files\" : 4", "\"files\" : -4")))
                .hasMessageContaining("files");
        assertThatThrownBy(() -> read(json.replace("\"files\" : 4", "\"file\" : 4")))
                .hasMessageContaining("files");
        assertThatThrownBy(() -> read(json.replace("\"files\"", "\"files\" : 1, \"files\"")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read(json.replace("\"conserved\" : true", "\"conserved\" : false")))
                .hasMessageContaining("conserved");
        assertThatThrownBy(() -> read(json.replaceFirst("fedcba9876543210", "fedcba987654321")))
                .hasMessageContaining("mapped.digest");
        assertThatThrownBy(() -> read(json + "{}")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read("")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read("[]")).isInstanceOf(IOException.class);
    }

    private static String json(ReceiptJson.Written written) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ReceiptJson.write(written, out);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static ReceiptJson.Written read(String json) throws IOException {
        return ReceiptJson.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
    }
}
