package dev.millrace.driver.continuous;

import dev.millrace.shuffle.WordHash;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries of documents as the documents topic has them, by the document's id. A job may have millions of them: as objects
 * of a map they take twice the memory, the collector moves and looks at each, and a map that doubles stops everything for
 * tenths of a second. For one thread.
 *
 * <p>Implementation: records, each the length of the id, that of the entry, id and entry, lie one behind the other in
 * pages; one that is replaced stays until most of its page is such, when the page's other records are moved on. They are
 * found by open addressing in {@value #TABLES} tables, each full at another share from half to three quarters: as hashes share
 * ids out evenly, all would double at the same time, and the collector move them. A slot is a long: 24 bits of the id's hash
 * and 40 of the record's place plus 1, or 0 for a free one.
 */
final class DocumentEntries {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int PAGE_BITS = 18, PAGE_BYTES = 1 << PAGE_BITS;
    private static final int HEADER_BYTES = 2 * Integer.BYTES;
    private static final int TABLES = 256;
    private static final int FIRST_SLOTS = 8;
    private static final int PLACE_BITS = 40;
    private static final long PLACE = (1L << PLACE_BITS) - 1;
    private static final int TAG = 0xffffff;

    private final long[][] tables = new long[TABLES][FIRST_SLOTS];
    private final int[] used = new int[TABLES];
    private final List<@Nullable Page> pages = new ArrayList<>();
    private final Deque<Integer> freePages = new ArrayDeque<>();
    /** Pages to look at, as a record of them died, or no more are written to them. */
    private final Deque<Integer> suspects = new ArrayDeque<>();
    /** The page that is being filled. */
    private int last = newPage(PAGE_BYTES);

    private int size;

    /** Records one behind the other, up to {@code end}. A record that is larger than a page has one for itself. */
    private static final class Page {
        final byte[] bytes;
        int end;
        int dead;

        Page(int bytes) {
            this.bytes = new byte[bytes];
        }
    }

    int size() {
        return size;
    }

    /** The entry, or null. */
    byte @Nullable [] get(String id) {
        byte[] name = id.getBytes(StandardCharsets.UTF_8);
        int hash = hash(name, 0, name.length);
        long[] table = table(hash);
        long slot = table[find(table, hash, name, 0, name.length)];
        if (slot == 0) {
            return null;
        }
        byte[] bytes = page(slot).bytes;
        int entry = at(slot) + HEADER_BYTES + name.length;
        return Arrays.copyOfRange(bytes, entry, entry + entryBytes(bytes, at(slot)));
    }

    void put(String id, byte[] entry) {
        byte[] name = id.getBytes(StandardCharsets.UTF_8);
        int hash = hash(name, 0, name.length);
        long[] table = table(hash);
        int slot = find(table, hash, name, 0, name.length);
        long before = table[slot];
        table[slot] = packed(hash, append(name, entry));
        if (before != 0) {
            died(before);
        } else {
            size++;
            int number = number(hash);
            if (++used[number] > (table.length >> 1) + table.length / 4 * number / TABLES) {
                grow(number);
            }
        }
        tidy();
    }

    void remove(String id) {
        byte[] name = id.getBytes(StandardCharsets.UTF_8);
        int hash = hash(name, 0, name.length);
        long[] table = table(hash);
        int slot = find(table, hash, name, 0, name.length);
        long before = table[slot];
        if (before == 0) {
            return;
        }
        size--;
        used[number(hash)]--;
        close(table, slot);
        died(before);
        tidy();
    }

    /** All ids, in no order. */
    Collection<String> ids() {
        List<String> ids = new ArrayList<>(size);
        for (long[] table : tables) {
            for (long slot : table) {
                if (slot != 0) {
                    byte[] bytes = page(slot).bytes;
                    ids.add(new String(
                            bytes, at(slot) + HEADER_BYTES, idBytes(bytes, at(slot)), StandardCharsets.UTF_8));
                }
            }
        }
        return ids;
    }

    /** Bytes that it holds for itself. */
    long memoryBytes() {
        long bytes = 0;
        for (long[] table : tables) {
            bytes += 8L * table.length;
        }
        for (Page page : pages) {
            bytes += page == null ? 0 : page.bytes.length;
        }
        return bytes;
    }

    // ---- tables

    private static int hash(byte[] bytes, int from, int length) {
        return (int) WordHash.h64(bytes, from, length);
    }

    private static int number(int hash) {
        return hash >>> 24;
    }

    private long[] table(int hash) {
        return tables[number(hash)];
    }

    private static long packed(int hash, long place) {
        return (long) (hash & TAG) << PLACE_BITS | place + 1;
    }

    private static int tag(long slot) {
        return (int) (slot >>> PLACE_BITS);
    }

    private static int home(long[] table, long slot) {
        return tag(slot) & table.length - 1;
    }

    /** The slot that holds this id, or the free one where it belongs. */
    private int find(long[] table, int hash, byte[] name, int from, int length) {
        int i = hash & table.length - 1;
        while (table[i] != 0 && !(tag(table[i]) == (hash & TAG) && isNamed(table[i], name, from, length))) {
            i = i + 1 & table.length - 1;
        }
        return i;
    }

    private boolean isNamed(long slot, byte[] name, int from, int length) {
        byte[] bytes = page(slot).bytes;
        int id = at(slot) + HEADER_BYTES;
        return idBytes(bytes, at(slot)) == length && Arrays.equals(bytes, id, id + length, name, from, from + length);
    }

    private void grow(int number) {
        long[] old = tables[number], table = new long[2 * old.length];
        for (long slot : old) {
            if (slot != 0) {
                int i = home(table, slot);
                while (table[i] != 0) {
                    i = i + 1 & table.length - 1;
                }
                table[i] = slot;
            }
        }
        tables[number] = table;
    }

    /** Frees a slot, and moves into it what would not be found behind it any more. */
    private static void close(long[] table, int slot) {
        int mask = table.length - 1;
        int free = slot;
        for (int i = free + 1 & mask; table[i] != 0; i = i + 1 & mask) {
            if ((i - home(table, table[i]) & mask) >= (i - free & mask)) {
                table[free] = table[i];
                free = i;
            }
        }
        table[free] = 0;
    }

    // ---- pages

    private static int idBytes(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    private static int entryBytes(byte[] bytes, int at) {
        return (int) INT.get(bytes, at + Integer.BYTES);
    }

    private static int recordBytes(byte[] bytes, int at) {
        return HEADER_BYTES + idBytes(bytes, at) + entryBytes(bytes, at);
    }

    private Page page(long slot) {
        return pageAt((int) ((slot & PLACE) - 1 >>> PAGE_BITS));
    }

    private static int at(long slot) {
        return (int) ((slot & PLACE) - 1) & PAGE_BYTES - 1;
    }

    private Page pageAt(int number) {
        Page page = pages.get(number);
        if (page == null) {
            throw new IllegalStateException("page " + number + " was given up");
        }
        return page;
    }

    private int newPage(int bytes) {
        Integer free = freePages.poll();
        if (free != null) {
            pages.set(free, new Page(bytes));
            return free;
        }
        pages.add(new Page(bytes));
        return pages.size() - 1;
    }

    /** @return the place of the record */
    private long append(byte[] name, byte[] entry) {
        long place = room(HEADER_BYTES + name.length + entry.length);
        Page page = pageAt((int) (place >>> PAGE_BITS));
        int at = page.end;
        INT.set(page.bytes, at, name.length);
        INT.set(page.bytes, at + Integer.BYTES, entry.length);
        System.arraycopy(name, 0, page.bytes, at + HEADER_BYTES, name.length);
        System.arraycopy(entry, 0, page.bytes, at + HEADER_BYTES + name.length, entry.length);
        page.end += recordBytes(page.bytes, at);
        return place;
    }

    /** Where a record of so many bytes is to be written, which is where its page ends. */
    private long room(int bytes) {
        if (bytes > PAGE_BYTES) {
            return (long) newPage(bytes) << PAGE_BITS;
        }
        if (pageAt(last).end + bytes > PAGE_BYTES) {
            suspects.add(last);
            last = newPage(PAGE_BYTES);
        }
        return ((long) last << PAGE_BITS) + pageAt(last).end;
    }

    /** A record is of no use any more. */
    private void died(long slot) {
        int number = (int) ((slot & PLACE) - 1 >>> PAGE_BITS);
        Page page = pageAt(number);
        page.dead += recordBytes(page.bytes, at(slot));
        suspects.add(number);
    }

    /** Gives up the pages that are of little use, so that those in use are at most twice as large as what is in them. */
    private void tidy() {
        for (Integer number = suspects.poll(); number != null; number = suspects.poll()) {
            Page page = pages.get(number);
            if (page == null || number == last || page.dead <= page.end >> 1) {
                continue;
            }
            for (int at = 0; at < page.end; at += recordBytes(page.bytes, at)) {
                move(page, at, ((long) number << PAGE_BITS) + at);
            }
            pages.set(number, null);
            freePages.add(number);
        }
    }

    /** Moves a record to the last page, unless it died. */
    private void move(Page page, int at, long place) {
        int name = at + HEADER_BYTES, length = idBytes(page.bytes, at);
        int hash = hash(page.bytes, name, length);
        long[] table = table(hash);
        int slot = find(table, hash, page.bytes, name, length);
        if (table[slot] != packed(hash, place)) {
            return;
        }
        int bytes = recordBytes(page.bytes, at);
        long moved = room(bytes);
        Page to = pageAt((int) (moved >>> PAGE_BITS));
        System.arraycopy(page.bytes, at, to.bytes, to.end, bytes);
        to.end += bytes;
        table[slot] = packed(hash, moved);
    }
}
