package dev.millrace.driver.continuous;

import dev.millrace.input.CompressionProbe;
import dev.millrace.input.FileVersion;
import dev.millrace.input.InputException;
import dev.millrace.input.InputFiles;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.TextInput;
import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import dev.millrace.job.TextHash;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads files of watched folders by id. One thread. */
final class FolderTexts {
    /**
     * What reading came to: the text, why there is none, or neither where the file is not as it was looked at.
     *
     * @param bytes decompressed
     * @param isOfContent whether it is for what is in the file that there is none: as long as it does not change,
     *     it would be the same again
     */
    @SuppressWarnings("ArrayRecordComponent") // carried once, never compared
    record Text(byte @Nullable [] bytes, @Nullable String unreadable, boolean isOfContent) {
        static final Text CHANGING = new Text(null, null);

        Text(byte @Nullable [] bytes, @Nullable String unreadable) {
            this(bytes, unreadable, false);
        }
    }

    private final InputRoots roots;
    private final List<InputRoots.Located> folders = new ArrayList<>();
    private final InputLimits limits;
    private final int mostBytes;
    private final DiskWatch watch;

    /**
     * @param folders absolute
     * @param mostBytes longest text
     * @throws InputException if one is gone
     */
    FolderTexts(List<Path> folders, InputLimits limits, int mostBytes, DiskWatch watch) throws InputException {
        this(InputRoots.ofArguments(folders), folders, limits, mostBytes, watch);
    }

    /** @param roots that hold the folders */
    FolderTexts(InputRoots roots, List<Path> folders, InputLimits limits, int mostBytes, DiskWatch watch)
            throws InputException {
        this.roots = roots;
        for (Path folder : folders) {
            this.folders.add(roots.locate(folder));
        }
        this.limits = limits;
        this.mostBytes = mostBytes;
        this.watch = watch;
    }

    /** The text of a file that was looked at, verified to be still in that state behind the last byte. */
    Text read(String id, FileVersion version) throws InterruptedException {
        try {
            InputRoots.Located folder = folder(id);
            String path = below(id);
            Path file = roots.resolve(folder.root(), path);
            watch.at(file);
            Compression compression = CompressionProbe.probe(file, version.bytes());
            if (compression == Compression.NONE && version.bytes() > mostBytes) {
                return tooLong();
            }
            InputRange range = new InputRange(
                    folder.root(), path, 0, version.bytes(), version.bytes(), version.modifiedNanos(), compression);
            try (TextInput in = InputFiles.open(roots, range, limits)) {
                byte[] text = watched(in, file).readNBytes(mostBytes + 1);
                in.verifyUnchanged();
                if (!FileVersion.of(file).equals(version)) {
                    return Text.CHANGING; // another file of the same size and time
                }
                return text.length > mostBytes ? tooLong() : new Text(text, null);
            }
        } catch (ClosedByInterruptException e) {
            throw new InterruptedException("while reading");
        } catch (IOException e) {
            return hasChanged(id, version)
                    ? Text.CHANGING
                    : new Text(null, String.valueOf(e.getMessage()), isOfContent(e));
        }
    }

    /** Of a whole text: the first 16 bytes of SHA-256. */
    static TextHash hash(byte[] text) {
        try {
            ByteBuffer digest =
                    ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text));
            return new TextHash(digest.getLong(), digest.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** A file that takes long has answered as long as something comes. */
    private InputStream watched(InputStream in, Path file) {
        return new FilterInputStream(in) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                watch.at(file);
                return super.read(bytes, offset, length);
            }
        };
    }

    private Text tooLong() {
        return new Text(
                null, "it has more than " + mostBytes + " bytes of text: give a larger --max-document-size", true);
    }

    private static boolean isOfContent(IOException e) {
        return e instanceof InputException input
                && switch (input.kind()) {
                    case CORRUPT, LIMIT -> true;
                    case MISSING, FORBIDDEN, NOT_A_FILE, CHANGED, ROOT, IO -> false;
                };
    }

    private boolean hasChanged(String id, FileVersion version) {
        try {
            return !FileVersion.of(path(id)).equals(version);
        } catch (InputException e) {
            return true;
        }
    }

    Path path(String id) throws InputException {
        return roots.resolve(folder(id).root(), below(id));
    }

    private InputRoots.Located folder(String id) {
        return folders.get(folders.size() == 1 ? 0 : Integer.parseInt(id.substring(0, id.indexOf('/'))) - 1);
    }

    private String below(String id) {
        return folders.size() == 1 ? id : id.substring(id.indexOf('/') + 1);
    }
}
