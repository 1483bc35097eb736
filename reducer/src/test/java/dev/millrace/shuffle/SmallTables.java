package dev.millrace.shuffle;

/** Opens tables that are full soon to the tests of reducers. */
public final class SmallTables {
    private SmallTables() {}

    /** One that holds four words of up to 16 bytes. */
    public static WordTable ofFourWords() {
        return new WordTable(2, 3);
    }
}
