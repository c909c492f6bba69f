package org.sandglass.ops;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The package rules of compute and collectives. */
@AnalyzeClasses(packages = "org.sandglass.ops", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule shouldKnowNeitherSparkNorHadoop = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..", "org.sandglass.job..");

    @ArchTest
    static final ArchRule packagesShouldFormNoCycle =
            slices().matching("org.sandglass.ops.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule networksShouldNotKnowOnWhichDeviceTheyRun = noClasses()
            .that()
            .resideOutsideOfPackage("org.sandglass.ops.device.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.sandglass.ops.device.*..");

    @ArchTest
    static final ArchRule onlyImagesAndDevicesShouldUseNativeLibraries = noClasses()
            .that()
            .resideOutsideOfPackages("org.sandglass.ops.device.*..", "org.sandglass.ops.image")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.bytedeco.dnnl..", "org.bytedeco.opencv..", "org.bytedeco.opencl..", "org.bytedeco.cuda..");

    @ArchTest
    static final ArchRule packagesShouldSayWhatTheyHold = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..utils..", "..common..", "..helper..", "..helpers..", "..manager..");

    @ArchTest
    static final ArchRule classesShouldNotBeManagers =
            noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?)");

    @ArchTest
    static final ArchRule methodsShouldBeNamedAfterWhatTheyReturn =
            methods().that().arePublic().should().haveNameNotMatching("get[A-Z].*");
}
