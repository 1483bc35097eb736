package dev.millrace.driver.cli;

import dev.millrace.job.Receipt;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A receipt in a few lines for people. */
final class ReceiptSummary {
    private ReceiptSummary() {}

    static List<String> lines(Receipt receipt) {
        List<String> lines = new ArrayList<>();
        lines.add(Amounts.number(receipt.files(), "file") + ", " + Amounts.bytes(receipt.bytes()) + ": "
                + Amounts.number(receipt.collected().tokens(), "token") + ", "
                + Amounts.number(receipt.words(), "distinct word"));
        double seconds = Math.max(1, receipt.elapsedMillis()) / 1e3;
        lines.add(Amounts.number(receipt.tasks(), "task") + " in " + Amounts.elapsed(receipt.elapsedMillis()) + ", "
                + Amounts.rate(receipt.bytes() / seconds) + "; digest "
                + HexFormat.of().toHexDigits(receipt.collected().digest())
                + ", the same mapped, reduced and collected");
        List<String> odd = new ArrayList<>();
        if (receipt.attempts() > receipt.tasks()) {
            odd.add(Amounts.number(receipt.attempts() - receipt.tasks(), "task") + " run again");
        }
        if (!receipt.skipped().isEmpty()) {
            odd.add(Amounts.number(receipt.skipped().size(), "task") + " left out after failing: "
                    + Visible.text(receipt.skipped().get(0))
                    + (receipt.skipped().size() > 1 ? ", ..." : ""));
        }
        if (!receipt.notices().isEmpty()) {
            odd.add(Amounts.number(receipt.notices().size(), "notice") + " on inputs, as in the receipt");
        }
        if (receipt.invalidSequences() > 0) {
            odd.add(Amounts.number(receipt.invalidSequences(), "invalid UTF-8 sequence"));
        }
        if (receipt.oversizedWords() > 0) {
            odd.add(Amounts.number(receipt.oversizedWords(), "run") + " of text over 64 KiB, too long to be a word");
        }
        if (!odd.isEmpty()) {
            lines.add(String.join("; ", odd));
        }
        return lines;
    }
}
