package org.sandglass.job.config;

/** The families of models, which differ in how their images are prepared. */
enum ModelFamily {
    IMAGENET("imagenet"),
    CIFAR("cifar");

    private final String key;

    ModelFamily(String key) {
        this.key = key;
    }

    /** Path of the family's own defaults in {@code sandglass-defaults.conf}. */
    String defaultsPath() {
        return "families." + key;
    }

    static ModelFamily of(String model) {
        return model.startsWith("cifar-") ? CIFAR : IMAGENET;
    }
}
