package dev.millrace.input;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * All members of a gzip file (RFC 1952). {@link java.util.zip.GZIPInputStream} ends quietly where a second member is
 * damaged or cut off within its header, which here would be a short count, and asks {@code available()} whether there is
 * one. Zeros behind the last member are padding, as for the gzip command.
 */
final class GzipText extends InputStream {
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xE0;

    private final InputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final CRC32 headerCrc = new CRC32();
    private final byte[] buffer = new byte[64 << 10];
    private int next;
    private int limit;
    private boolean begun;
    private boolean inMember;
    private boolean ended;

    GzipText(InputStream in) {
        this.in = in;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        while (length > 0) {
            if (!inMember && !nextMember()) {
                return -1;
            }
            int count = inflate(bytes, offset, length);
            if (count > 0) {
                crc.update(bytes, offset, count);
                return count;
            }
            if (inflater.finished()) {
                readTrailer();
            } else if (inflater.needsDictionary()) {
                throw new IOException("it asks for a dictionary, which gzip does not have");
            } else {
                fill();
                inflater.setInput(buffer, next, limit - next);
            }
        }
        return 0;
    }

    private int inflate(byte[] bytes, int offset, int length) throws IOException {
        try {
            int count = inflater.inflate(bytes, offset, length);
            next = limit - inflater.getRemaining();
            return count;
        } catch (DataFormatException e) {
            throw new IOException(e.getMessage() == null ? "invalid data" : e.getMessage(), e);
        }
    }

    private boolean nextMember() throws IOException {
        if (ended) {
            return false;
        }
        int first = begun ? optional() : required();
        boolean padding = begun && first == 0;
        begun = true;
        while (padding && first == 0) {
            first = optional();
        }
        if (first < 0) {
            ended = true;
            return false;
        }
        if (padding) {
            throw new IOException("something else follows the compressed data");
        }
        readHeader(first);
        return true;
    }

    private void readHeader(int first) throws IOException {
        headerCrc.reset();
        headerCrc.update(first);
        if (first != 0x1F || header() != 0x8B) {
            throw new IOException("something else follows the compressed data");
        }
        if (header() != 8) {
            throw new IOException("unknown method of compression");
        }
        int flags = header();
        if ((flags & RESERVED) != 0) {
            throw new IOException("reserved flags are set");
        }
        skipHeader(6);
        if ((flags & EXTRA) != 0) {
            skipHeader(header() | header() << 8);
        }
        if ((flags & NAME) != 0) {
            skipHeaderText();
        }
        if ((flags & COMMENT) != 0) {
            skipHeaderText();
        }
        if ((flags & HEADER_CRC) != 0 && ((int) headerCrc.getValue() & 0xFFFF) != (required() | required() << 8)) {
            throw new IOException("the header's checksum is wrong");
        }
        inflater.reset();
        inflater.setInput(buffer, next, limit - next);
        crc.reset();
        inMember = true;
    }

    private void readTrailer() throws IOException {
        long sum = required4();
        long size = required4();
        if (sum != crc.getValue() || size != (inflater.getBytesWritten() & 0xFFFFFFFFL)) {
            throw new IOException("the checksum or length at the end is wrong");
        }
        inMember = false;
    }

    private long required4() throws IOException {
        return required() | (long) required() << 8 | (long) required() << 16 | (long) required() << 24;
    }

    private void skipHeader(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            header();
        }
    }

    private void skipHeaderText() throws IOException {
        while (header() != 0) {
            // The name and comment are of no use here.
        }
    }

    private int header() throws IOException {
        int b = required();
        headerCrc.update(b);
        return b;
    }

    private int required() throws IOException {
        if (next == limit) {
            fill();
        }
        return buffer[next++] & 0xFF;
    }

    private int optional() throws IOException {
        if (next == limit && !tryFill()) {
            return -1;
        }
        return buffer[next++] & 0xFF;
    }

    private void fill() throws IOException {
        if (!tryFill()) {
            throw new EOFException("unexpected end of file");
        }
    }

    private boolean tryFill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        next = 0;
        limit = Math.max(0, count);
        return count > 0;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
