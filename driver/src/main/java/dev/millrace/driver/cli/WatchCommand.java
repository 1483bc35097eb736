package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "watch",
        description = {
            "Count the files of folders as they are now, while they are written, renamed and deleted.",
            FeedCommand.KEEPS,
            FeedCommand.ENDS
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace watch docs/",
            "  millrace watch --include '*.md' --data-dir ./count notes/ drafts/",
            "  millrace watch --bootstrap-server kafka:9092 --job wiki /srv/wiki"
        })
final class WatchCommand extends FeedCommand {
    @Parameters(
            paramLabel = "DIR",
            arity = "1..*",
            description = "Folders to watch. Files that end in .gz, .bz2, .zst, .lz4 or .xz are decompressed.")
    private List<String> folders = List.of();

    @Option(
            names = "--include",
            order = Sections.INPUT,
            paramLabel = "GLOB",
            description = "Count only files that match. May be repeated.")
    private @Nullable List<String> includes;

    @Option(
            names = "--exclude",
            order = Sections.INPUT + 1,
            paramLabel = "GLOB",
            description = "Count no files that match. May be repeated.")
    private @Nullable List<String> excludes;

    @Option(names = "--follow", order = Sections.INPUT + 2, negatable = true, description = "Follow symbolic links.")
    private @Nullable Boolean follow;

    @Mixin
    private final DocumentSizeArgument maxDocument = new DocumentSizeArgument();

    WatchCommand(Session session) {
        super(session);
    }

    @Override
    ContinuousClient.Feed feed() {
        List<Path> paths = new ArrayList<>();
        for (String folder : folders) {
            paths.add(folder("", folder));
        }
        Environment environment = session().environment();
        return new ContinuousClient.Folders(
                paths,
                environment.list(includes, "--include"),
                environment.list(excludes, "--exclude"),
                environment.flag(follow, command().findOption("--follow")),
                maxDocument.bytes());
    }

    @Override
    String asTyped() {
        StringBuilder typed = new StringBuilder("watch");
        Environment environment = session().environment();
        environment
                .list(includes, "--include")
                .forEach(glob -> typed.append(" --include ").append(ClusterArguments.quoted(glob)));
        environment
                .list(excludes, "--exclude")
                .forEach(glob -> typed.append(" --exclude ").append(ClusterArguments.quoted(glob)));
        if (environment.flag(follow, command().findOption("--follow"))) {
            typed.append(" --follow");
        }
        typed.append(maxDocument.asTyped());
        folders.forEach(folder -> typed.append(' ').append(ClusterArguments.quoted(folder)));
        return typed.toString();
    }
}
