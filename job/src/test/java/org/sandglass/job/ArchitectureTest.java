package org.sandglass.job;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;

/** The package rules of the job. */
@AnalyzeClasses(packages = "org.sandglass.job", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule packagesShouldFormNoCycle =
            slices().matching("org.sandglass.job.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nothingShouldDependOnTheCommandLine = noClasses()
            .that()
            .resideInAPackage("org.sandglass.job.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.sandglass.job");

    @ArchTest
    static final ArchRule recipeReportAndCheckpointShouldNotKnowSpark = noClasses()
            .that()
            .resideInAnyPackage("org.sandglass.job.config", "org.sandglass.job.report", "org.sandglass.job.checkpoint")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.spark..", "scala..");

    @ArchTest
    static final ArchRule packagesShouldSayWhatTheyHold = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..utils..", "..common..", "..helper..", "..helpers..", "..manager..");

    @ArchTest
    static final ArchRule classesShouldNotBeManagers =
            noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?)");

    @ArchTest
    static final ArchRule methodsShouldBeNamedAfterWhatTheyReturn = methods()
            .that()
            .arePublic()
            .and(new DescribedPredicate<JavaMethod>("are not demanded by a supertype") {
                @Override
                public boolean test(JavaMethod method) {
                    return Stream.concat(
                                    method.getOwner().getAllRawSuperclasses().stream(),
                                    method.getOwner().getAllRawInterfaces().stream())
                            .flatMap(type -> type.getMethods().stream())
                            .noneMatch(demanded -> demanded.getName().equals(method.getName()));
                }
            })
            .should()
            .haveNameNotMatching("get[A-Z].*");
}
