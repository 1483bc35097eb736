package dev.millrace.driver.submit;

import dev.millrace.input.Names;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A pattern of {@code --include} or {@code --exclude}. Without a slash it is matched against the name of a file or
 * folder, with one against its path below the argument. {@code *} and {@code ?} stand for characters of one name,
 * {@code **} for any number of names, {@code [a-z]}, {@code [!a-z]} and {@code {a,b}} are as in a shell, {@code \}
 * takes the next character as it is. A leading slash ties a pattern to the argument; one that ends in a slash matches
 * folders only.
 */
final class Glob {
    private final String glob;
    private final Pattern pattern;
    private final boolean ofPath;
    private final boolean ofFolders;

    private Glob(String glob, Pattern pattern, boolean ofPath, boolean ofFolders) {
        this.glob = glob;
        this.pattern = pattern;
        this.ofPath = ofPath;
        this.ofFolders = ofFolders;
    }

    /**
     * @param option for the message, such as {@code --include}
     * @throws MillraceException USAGE
     */
    static Glob parse(String option, String glob) {
        boolean ofFolders = glob.length() > 1 && glob.endsWith("/") && !glob.endsWith("\\/");
        String body = ofFolders ? glob.substring(0, glob.length() - 1) : glob;
        boolean ofPath = body.indexOf('/') >= 0;
        if (body.startsWith("/")) {
            body = body.substring(1);
        }
        try {
            if (body.isEmpty()) {
                throw new IllegalArgumentException("it is empty");
            }
            return new Glob(glob, Pattern.compile(new Translation(body).regex(), Pattern.DOTALL), ofPath, ofFolders);
        } catch (IllegalArgumentException e) {
            String why = e instanceof PatternSyntaxException syntax ? syntax.getDescription() : e.getMessage();
            throw new MillraceException(
                    ExitCode.USAGE,
                    option + " '" + Names.printable(glob) + "': not a pattern: " + Names.printable(String.valueOf(why)),
                    e);
        }
    }

    /**
     * @param name of the file or folder
     * @param path below the argument, with slashes, ending in the name
     */
    boolean matches(String name, String path, boolean isFolder) {
        return (isFolder || !ofFolders) && pattern.matcher(ofPath ? path : name).matches();
    }

    @Override
    public String toString() {
        return glob;
    }

    /** From a glob to a regular expression; one character after the other. */
    private static final class Translation {
        private final String glob;
        private final StringBuilder regex = new StringBuilder();
        private int next;
        private boolean inBraces;

        Translation(String glob) {
            this.glob = glob;
        }

        String regex() {
            while (next < glob.length()) {
                char c = glob.charAt(next++);
                switch (c) {
                    case '*' -> star();
                    case '?' -> regex.append("[^/]");
                    case '[' -> set();
                    case '{' -> open();
                    case '}' -> close(c);
                    case ',' -> regex.append(inBraces ? "|" : ",");
                    case '\\' -> literal(escaped());
                    default -> literal(c);
                }
            }
            if (inBraces) {
                throw new IllegalArgumentException("'{' without '}'");
            }
            return regex.toString();
        }

        private void star() {
            if (!glob.startsWith("*", next)) {
                regex.append("[^/]*");
                return;
            }
            int first = next - 1;
            while (glob.startsWith("*", next)) {
                next++;
            }
            boolean wholeName = first == 0 || glob.charAt(first - 1) == '/';
            if (wholeName && glob.startsWith("/", next)) {
                next++;
                regex.append("(?:.*/)?");
            } else if (wholeName && next == glob.length()) {
                regex.append(".+");
            } else {
                regex.append(".*");
            }
        }

        private void set() {
            int begin = next;
            regex.append("(?!/)[");
            if (glob.startsWith("!", next) || glob.startsWith("^", next)) {
                regex.append('^');
                next++;
                begin++;
            }
            while (next < glob.length() && (glob.charAt(next) != ']' || next == begin)) {
                char c = glob.charAt(next++);
                if (c == '\\') {
                    c = escaped();
                    setLiteral(c);
                } else if (c == '-') {
                    // Between two characters a range, as in a regular expression; elsewhere the character.
                    boolean range = next - 1 > begin && next < glob.length() && glob.charAt(next) != ']';
                    regex.append(range ? "-" : "\\-");
                } else {
                    setLiteral(c);
                }
            }
            if (next == glob.length()) {
                throw new IllegalArgumentException("'[' without ']'");
            }
            next++;
            regex.append(']');
        }

        private void setLiteral(char c) {
            if (c == '/') {
                throw new IllegalArgumentException("a slash inside '[]'");
            }
            literal(c);
        }

        private void open() {
            if (inBraces) {
                throw new IllegalArgumentException("'{' inside '{}'");
            }
            inBraces = true;
            regex.append("(?:");
        }

        private void close(char c) {
            if (inBraces) {
                inBraces = false;
                regex.append(')');
            } else {
                literal(c);
            }
        }

        private char escaped() {
            if (next == glob.length()) {
                throw new IllegalArgumentException("it ends in a backslash");
            }
            return glob.charAt(next++);
        }

        private void literal(char c) {
            if (c < 0x80 && !Character.isLetterOrDigit(c)) {
                regex.append('\\');
            }
            regex.append(c);
        }
    }
}
