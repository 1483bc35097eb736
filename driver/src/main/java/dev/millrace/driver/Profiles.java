package dev.millrace.driver;

import dev.millrace.driver.cli.TextCatalog;
import dev.millrace.job.TextRules;
import dev.millrace.text.TextProfile;
import java.util.List;

/** The text profiles of this release, for the command line. */
public final class Profiles implements TextCatalog {
    @Override
    public List<String> profiles() {
        return List.of(TextProfile.UNICODE.profileName(), TextProfile.PYMOTW.profileName());
    }

    @Override
    public List<String> ownStopWords(String profile) {
        return TextProfile.named(profile).defaultStopWords();
    }

    @Override
    public List<String> englishStopWords(String profile) {
        return TextProfile.named(profile).englishStopWords();
    }

    @Override
    public TextRules rules(String profile, List<String> stopWords) {
        TextProfile found = TextProfile.named(profile);
        return new TextRules(profile, found.version(), found.normalizeStopWords(stopWords));
    }

    @Override
    public String unicodeVersion(String profile, int version) {
        return TextProfile.UNICODE_VERSION;
    }
}
