package dev.millrace.shuffle;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Words of up to 16 bytes as two little-endian longs, the head and the tail, filled up with zero bytes. */
final class Lanes {
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final int INLINE_BYTES = 16;

    private static final long EACH = 0x0101010101010101L;
    private static final long TOP_BITS = EACH << 7;

    private Lanes() {}

    /** The n bytes (0 to 8) from {@code from} on; never touches a byte outside of {@code [from, from + n)}. */
    static long lane(byte[] b, int from, int n) {
        if (n >= 8) {
            return (long) LONG.get(b, from);
        }
        if (from + 8 <= b.length) {
            return n <= 0 ? 0 : (long) LONG.get(b, from) & -1L >>> 64 - 8 * n;
        }
        long lane = 0;
        for (int i = 0; i < n; i++) {
            lane |= (b[from + i] & 0xffL) << 8 * i;
        }
        return lane;
    }

    /** Bytes of a word held as two longs. */
    static int length(long head, long tail) {
        return tail == 0 ? 8 - (Long.numberOfLeadingZeros(head) >> 3) : 16 - (Long.numberOfLeadingZeros(tail) >> 3);
    }

    /** Whether one of the n bytes is zero. */
    static boolean hasZero(byte[] b, int from, int n) {
        int i = from;
        for (int end = from + n - 8; i <= end; i += 8) {
            long x = (long) LONG.get(b, i);
            if ((x - EACH & ~x & TOP_BITS) != 0) {
                return true;
            }
        }
        for (; i < from + n; i++) {
            if (b[i] == 0) {
                return true;
            }
        }
        return false;
    }
}
