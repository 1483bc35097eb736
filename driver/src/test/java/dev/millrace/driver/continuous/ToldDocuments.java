package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.DocumentEntry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A driver that takes down what a source tells it, and checks that each of it makes sense. */
final class ToldDocuments implements DocumentSource.Driver {
    final Map<String, String> texts = new TreeMap<>();
    final Map<String, DocumentEntry> entries = new LinkedHashMap<>();
    final Map<String, Long> remembered = new TreeMap<>();
    final List<String> log = new ArrayList<>();
    final Map<String, String> unreadable = new TreeMap<>();
    final Set<String> underWay = new TreeSet<>();
    boolean refusesRenames;
    volatile boolean hasRoom = true;
    /** Positions that were announced and of which nothing was told yet. */
    final Set<String> announced = new TreeSet<>();
    /** Those of them that could not be read. */
    final Set<String> kept = new TreeSet<>();

    long doneBefore;

    @Override
    public @Nullable DocumentEntry entry(String id) {
        return underWay.contains(id) ? null : entries.get(id);
    }

    @Override
    public @Nullable String version(String id) {
        DocumentEntry entry = entries.get(id);
        return entry == null ? null : entry.version();
    }

    @Override
    public Iterable<String> ids() {
        return List.copyOf(entries.keySet());
    }

    @Override
    public @Nullable Long remembered(String name) {
        return remembered.get(name);
    }

    @Override
    public void remember(String name, long value) {
        remembered.put(name, value);
    }

    @Override
    public void change(DocumentChange change) {
        unreadable.remove(change.id());
        announced.remove(change.source() + " " + change.position());
        if (change.isDeletion()) {
            log.add(change.id() + " deleted");
            assertThat(texts.remove(change.id())).isNotNull();
            entries.remove(change.id());
        } else {
            String text = new String(Objects.requireNonNull(change.text()), StandardCharsets.UTF_8);
            log.add(change.id() + " = " + text);
            texts.put(change.id(), text);
            entries.put(
                    change.id(),
                    new DocumentEntry(change.version(), change.bytes(), change.modifiedNanos(), List.of()));
        }
    }

    @Override
    public void announce(String source, long position) {
        assertThat(announced.add(source + " " + position)).isTrue();
    }

    @Override
    public void keep(String source, long position) {
        assertThat(announced).contains(source + " " + position);
        kept.add(source + " " + position);
    }

    @Override
    public boolean wasDone(String source, long position) {
        return position < doneBefore;
    }

    @Override
    public void passOver(String source, long position) {
        assertThat(announced.remove(source + " " + position)).isTrue();
    }

    @Override
    public boolean rename(String from, DocumentChange change) {
        DocumentEntry old = entries.get(from);
        String to = change.id();
        String text = new String(Objects.requireNonNull(change.text()), StandardCharsets.UTF_8);
        if (refusesRenames || old == null || entries.containsKey(to) || !text.equals(texts.get(from))) {
            return false;
        }
        assertThat(nameless(change.version())).isEqualTo(nameless(old.version()));
        entries.remove(from);
        entries.put(to, old.renewed(change.version(), change.bytes(), change.modifiedNanos()));
        texts.put(to, Objects.requireNonNull(texts.remove(from)));
        log.add(from + " -> " + to);
        return true;
    }

    @Override
    public void renew(String id, String version) {
        DocumentEntry entry = entry(id);
        if (entry != null) {
            entries.put(id, entry.renewed(version, entry.bytes(), entry.modifiedNanos()));
        }
    }

    /** Without the time of the change that a rename is. */
    private static String nameless(String version) {
        return version.substring(0, version.lastIndexOf(')') + 1);
    }

    @Override
    public void unreadable(String id, String why) {
        log.add(id + " unreadable");
        unreadable.put(id, why);
    }

    @Override
    public void readable(String id) {
        log.add(id + " readable");
        assertThat(unreadable.remove(id)).isNotNull();
    }

    @Override
    public boolean hasRoom() {
        return hasRoom;
    }
}
