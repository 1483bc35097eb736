package dev.millrace.bench;

/**
 * The documents of one measurement and when each is due. A document's first word, its mark, is in no other document.
 *
 * @param rate documents a second; {@link #AT_ONCE} to send them as fast as the producer takes them
 * @param documents how many
 * @param texts what documents hold beside their marks
 * @param settling documents that come before these, {@link #SETTLING_RATE} a second and of the same size, and are not
 *     measured: for an engine that has just started to share out its work
 */
record Workload(int rate, int documents, Texts texts, int settling) {
    static final int AT_ONCE = 0;
    static final int SETTLING_RATE = 200;
    /** From here on a producer is one as it comes, which waits a little for more to send with a document. */
    private static final int MANY_A_SECOND = 1_000;

    private static final int KAFKAS_LINGER_MILLIS = 5;
    private static final long REST_NANOS = 1_000_000;

    /** Of each document, the mark among them. */
    int words() {
        return 1 + texts.words();
    }

    String text(int document) {
        return mark(document) + " " + texts.get(document);
    }

    /** With those of the settling. */
    int allDocuments() {
        return settling + documents;
    }

    /** How long the producer waits for more, which is a part of what a document takes. */
    int lingerMillis() {
        return rate < MANY_A_SECOND ? 0 : KAFKAS_LINGER_MILLIS;
    }

    /**
     * How long the producer's thread rests at least when nothing is due: of 20,000 documents a second, one that wakes for
     * each takes a twelfth of two processors.
     */
    long restNanos() {
        return rate < MANY_A_SECOND ? 0 : REST_NANOS;
    }

    /** @return when document {@code i} is due, nanoseconds behind the first of all */
    long dueNanos(int i) {
        int settled = Math.min(i, settling);
        return settled * 1_000_000_000L / SETTLING_RATE + (rate == AT_ONCE ? 0 : (i - settled) * 1_000_000_000L / rate);
    }

    private static String mark(int i) {
        return "mark" + i + "x";
    }

    /** @return the number of the document that this word marks, -1 for a word that is no mark */
    static int markedBy(byte[] word) {
        int end = word.length - 1;
        if (end < 5 || word[0] != 'm' || word[1] != 'a' || word[2] != 'r' || word[3] != 'k' || word[end] != 'x') {
            return -1;
        }
        int i = 0;
        for (int at = 4; at < end; at++) {
            if (word[at] < '0' || word[at] > '9') {
                return -1;
            }
            i = i * 10 + word[at] - '0';
        }
        return i;
    }
}
