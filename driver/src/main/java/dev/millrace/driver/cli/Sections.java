package dev.millrace.driver.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;

/** The sections of a command's options in its help: an option's order belongs to the section at or below it. */
final class Sections {
    static final int INPUT = 100;
    static final int TEXT = 200;
    static final int OUTPUT = 300;
    static final int JOB = 400;
    static final int CLUSTER = 500;
    static final int EMBEDDED = 600;
    static final int MESSAGES = 700;
    private static final int OTHER = 900;
    private static final Map<Integer, String> HEADINGS = Map.of(
            INPUT, "Input",
            TEXT, "Words",
            OUTPUT, "Result",
            JOB, "Job",
            CLUSTER, "Cluster",
            EMBEDDED, "Embedded cluster (without --bootstrap-server)",
            MESSAGES, "Messages",
            OTHER, "Other options");

    private Sections() {}

    /** Options in sections, as picocli's help asks for the list of options. */
    static String render(Help help) {
        Map<Integer, List<OptionSpec>> sections = new TreeMap<>();
        List<OptionSpec> all = new ArrayList<>();
        for (OptionSpec option : help.commandSpec().options()) {
            if (!option.hidden()) {
                all.add(option);
                int section = option.order() >= INPUT && option.order() < OTHER ? option.order() / 100 * 100 : OTHER;
                sections.computeIfAbsent(section, s -> new ArrayList<>()).add(option);
            }
        }
        StringBuilder text = new StringBuilder();
        sections.forEach((section, options) -> {
            options.sort(Comparator.comparingInt(OptionSpec::order));
            Help.Layout layout = help.createDefaultLayout(all, List.of(), help.colorScheme());
            layout.addOptions(options, help.parameterLabelRenderer());
            text.append(String.format("%n%s:%n", HEADINGS.get(section))).append(layout);
        });
        return text.toString();
    }
}
