package dev.millrace.driver.cli;

import java.util.Collection;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** What somebody may have meant who typed a name that is not there. */
final class Suggestions {
    private static final int MOST = 3;

    private Suggestions() {}

    /** Names of options or, for a word without a dash, of commands. */
    static List<String> of(CommandSpec command, String typed) {
        String name = typed.replaceFirst("=.*", "");
        Collection<String> known = name.startsWith("-")
                ? command.optionsMap().keySet()
                : command.subcommands().keySet();
        List<String> longer = known.stream()
                .filter(k -> name.length() > 2 && k.startsWith(name))
                .toList();
        if (!longer.isEmpty()) {
            return longer.stream().limit(MOST).toList();
        }
        int letters = name.replace("-", "").length();
        int nearest = known.stream().mapToInt(k -> distance(name, k)).min().orElse(Integer.MAX_VALUE);
        return nearest > Math.max(1, letters / 3) || nearest >= letters
                ? List.of()
                : known.stream()
                        .filter(k -> distance(name, k) == nearest)
                        .limit(MOST)
                        .toList();
    }

    /** Letters to add, drop, change, or swap with the next one. */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(d[i - 1][j - 1] + change, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
