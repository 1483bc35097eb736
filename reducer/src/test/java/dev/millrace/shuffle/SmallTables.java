package dev.millrace.shuffle;

/** Opens tables that are full soon, and what looking a word up takes, to the tests of reducers. */
public final class SmallTables {
    private SmallTables() {}

    /** One that holds four words of up to 16 bytes. */
    public static WordTable ofFourWords() {
        return new WordTable(2, 3);
    }

    /** Slots looked at to find a word of more than 16 bytes, on average. */
    public static double meanLongProbes(WordTable table) {
        return table.meanLongProbes();
    }
}
