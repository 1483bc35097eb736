package dev.millrace.driver.submit;

import dev.millrace.job.InputSpec;
import java.util.List;

/** Which files and folders found inside a folder are read, by name alone. */
public final class Filter {
    private final List<Glob> includes;
    private final List<Glob> excludes;

    public Filter(InputSpec spec) {
        this.includes = spec.includes().stream()
                .map(glob -> Glob.parse("--include", contents(glob)))
                .toList();
        this.excludes = spec.excludes().stream()
                .map(glob -> Glob.parse("--exclude", glob))
                .toList();
    }

    /** A folder that is included stands for the files in it. */
    private static String contents(String glob) {
        if (glob.length() < 2 || !glob.endsWith("/")) {
            return glob;
        }
        boolean anywhere = glob.indexOf('/') == glob.length() - 1;
        return (anywhere ? "**/" : "") + glob + "**";
    }

    /** Whether a folder is entered: includes do not matter, for files further down may match. */
    public boolean enters(String name, String path) {
        return excludes.stream().noneMatch(glob -> glob.matches(name, path, true));
    }

    /** Whether a file is read. */
    public boolean takes(String name, String path) {
        return (includes.isEmpty() || includes.stream().anyMatch(glob -> glob.matches(name, path, false)))
                && excludes.stream().noneMatch(glob -> glob.matches(name, path, false));
    }
}
