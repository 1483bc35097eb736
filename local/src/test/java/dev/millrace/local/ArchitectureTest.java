package dev.millrace.local;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The rules of ARCHITECTURE.md on who may know whom. A rule that matches no class fails, so a renamed package shows. */
class ArchitectureTest {
    private static final String ROOT = "dev.millrace.";
    private static final String[] KAFKA = {"org.apache.kafka..", "kafka.."};
    private static final String JACKSON = "com.fasterxml.jackson..";
    private static final String MICROMETER = "io.micrometer..";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.millrace");

    private static final DescribedPredicate<JavaClass> OUR_OWN =
            resideInAPackage(ROOT + ".").as("Millrace's own");

    private static final DescribedPredicate<JavaClass> COMMON =
            resideInAnyPackage(packages("job", "text", "shuffle", "input", "wire", "kafka", "map", "service"));

    @Test
    void mapperReducerAndDriverKnowOnlyCommon() {
        for (String module : new String[] {"mapper", "reducer", "driver"}) {
            String own = ROOT + module + "..";
            noClasses()
                    .that()
                    .resideInAPackage(own)
                    .should()
                    .dependOnClassesThat(OUR_OWN.and(DescribedPredicate.not(COMMON))
                            .and(DescribedPredicate.not(resideInAPackage(own))))
                    .check(CLASSES);
        }
    }

    @Test
    void commonKnowsNoneOfTheServices() {
        noClasses()
                .that(COMMON)
                .should()
                .dependOnClassesThat(OUR_OWN.and(DescribedPredicate.not(COMMON)))
                .check(CLASSES);
    }

    @Test
    void thePurePackagesKnowOnlyTheJdk() {
        onlyKnows("job");
        onlyKnows("shuffle", "job");
        onlyKnows("text", "job", "shuffle");
    }

    @Test
    void whatIsPureHasNoClockThreadOrRandomness() {
        noClasses()
                .that()
                .resideInAnyPackage(packages("job", "shuffle", "text"))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.Thread")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("org.slf4j..")
                .check(CLASSES);
    }

    @Test
    void inCommonEachLibraryLivesInOnePackage() {
        // The bridges: meters of Kafka's clients, and what counting a task of documents reads and leads to.
        noClasses()
                .that(COMMON)
                .and()
                .resideOutsideOfPackages(ROOT + "kafka..", ROOT + "map..")
                .and()
                .doNotHaveFullyQualifiedName(ROOT + "service.KafkaClientMeters")
                .and()
                .doNotHaveFullyQualifiedName(ROOT + "service.Metrics")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(KAFKA)
                .check(CLASSES);
        noClasses()
                .that(COMMON)
                .and()
                .resideOutsideOfPackage(ROOT + "wire..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(JACKSON)
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "service..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(MICROMETER)
                .check(CLASSES);
    }

    @Test
    void onlyTheEmbeddedBrokerKnowsABrokersInsides() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "local..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("kafka..", "org.apache.kafka.metadata..", "org.apache.kafka.server..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.millrace.(*)..").should().beFreeOfCycles().check(CLASSES);
        // The command line and the client it is wired to meet in the driver's root package, above both.
        slices().matching("dev.millrace.driver.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void namesSayARole() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Impl")
                .check(CLASSES);
    }

    private static void onlyKnows(String name, String... others) {
        String[] own = packages(others);
        String[] allowed = new String[own.length + 3];
        System.arraycopy(own, 0, allowed, 0, own.length);
        allowed[own.length] = ROOT + name + "..";
        allowed[own.length + 1] = "java..";
        allowed[own.length + 2] = "org.jspecify..";
        classes()
                .that()
                .resideInAPackage(ROOT + name + "..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed)
                .check(CLASSES);
    }

    private static String[] packages(String... names) {
        String[] packages = new String[names.length];
        for (int i = 0; i < names.length; i++) {
            packages[i] = ROOT + names[i] + "..";
        }
        return packages;
    }
}
