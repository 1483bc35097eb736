package dev.millrace.input;

import java.io.IOException;
import java.io.InputStream;

/**
 * The text of an {@link dev.millrace.job.InputRange}: bytes of a plain file from {@link #startByte()} to its end, or the
 * whole text of a compressed one. Nothing is buffered for plain files: read in large blocks. One thread.
 *
 * <p>Failures of the input are {@link InputException}; an interrupt of the reading thread closes the file and comes as
 * {@link java.nio.channels.ClosedByInterruptException}.
 */
public final class TextInput extends InputStream {
    private final StoredFile stored;
    private final InputStream text;
    private final long startByte;

    TextInput(StoredFile stored, InputStream text, long startByte) {
        this.stored = stored;
        this.text = text;
        this.startByte = startByte;
    }

    /** Offset in the text of the first byte that this stream gives: one before the range's start, or 0. */
    public long startByte() {
        return startByte;
    }

    /** How far into the file as stored reading has come: what progress is measured in. */
    public long storedPosition() {
        return stored.position();
    }

    /**
     * To be called when everything needed has been read, before any of it is published.
     *
     * @throws InputChangedException if the file is not the one that was planned any more
     * @throws InputException if it cannot be looked at
     */
    public void verifyUnchanged() throws InputException {
        stored.verifyUnchanged();
    }

    /**
     * What to throw where the text is more than can be counted.
     *
     * @param why stands behind the file's name, and says what to do
     */
    public InputException beyondLimit(String why) {
        return new InputException(InputException.Kind.LIMIT, Names.printable(stored.file()) + ": " + why);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        return text.read(bytes, offset, length);
    }

    @Override
    public int read() throws IOException {
        return text.read();
    }

    @Override
    public int available() throws IOException {
        return text.available();
    }

    @Override
    public void close() throws IOException {
        try (stored) {
            text.close();
        }
    }
}
