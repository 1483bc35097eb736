package dev.millrace.driver.collect;

import java.io.IOException;
import java.io.OutputStream;

/** A buffer that numbers and bytes are written to without an object each. One thread. */
final class TextOut extends OutputStream {
    private final OutputStream out;
    private final byte[] buffer = new byte[1 << 16];
    private int used;

    TextOut(OutputStream out) {
        this.out = out;
    }

    TextOut ascii(String text) throws IOException {
        for (int i = 0; i < text.length(); i++) {
            write(text.charAt(i));
        }
        return this;
    }

    TextOut bytes(byte[] bytes, int from, int length) throws IOException {
        write(bytes, from, length);
        return this;
    }

    TextOut blanks(int n) throws IOException {
        for (int i = 0; i < n; i++) {
            write(' ');
        }
        return this;
    }

    /** @param number not negative */
    TextOut decimal(long number) throws IOException {
        int digits = digits(number);
        ensure(digits);
        long rest = number;
        for (int at = used + digits - 1; at >= used; at--) {
            buffer[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        used += digits;
        return this;
    }

    static int digits(long number) {
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    @Override
    public void write(int b) throws IOException {
        ensure(1);
        buffer[used++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        if (length > buffer.length) {
            drain();
            out.write(bytes, from, length);
            return;
        }
        ensure(length);
        System.arraycopy(bytes, from, buffer, used, length);
        used += length;
    }

    @Override
    public void flush() throws IOException {
        drain();
        out.flush();
    }

    private void ensure(int length) throws IOException {
        if (buffer.length - used < length) {
            drain();
        }
    }

    private void drain() throws IOException {
        out.write(buffer, 0, used);
        used = 0;
    }
}
