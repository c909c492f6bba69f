package org.sandglass.job.config;

import com.typesafe.config.ConfigUtil;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.image.ColorJitter;

/** A recipe as keys and values in HOCON. */
final class RecipeSettings {

    private RecipeSettings() {}

    static Map<String, String> of(Recipe recipe) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("model.name", recipe.model().name());
        put(settings, "model.zeroGamma", recipe.model().zeroGamma());
        training(settings, recipe.training());
        learningRate(settings, recipe.learningRate());
        optimizer(settings, recipe.optimizer());
        collective(settings, recipe.collective());
        settings.put("exchange.mode", SettingText.of(recipe.exchange().mode()));
        put(settings, "exchange.ahead", recipe.exchange().ahead());
        settings.put(
                "exchange.packDirectory",
                ConfigUtil.quoteString(recipe.exchange().packDirectory().orElse("auto")));
        put(settings, "exchange.keepPacks", recipe.exchange().keepPacks());
        augmentation(settings, recipe.augmentation());
        put(settings, "checkpoint.every", recipe.checkpoint().every());
        put(settings, "checkpoint.keep", recipe.checkpoint().keep());
        settings.put(
                "checkpoint.everyIterations",
                SettingText.orAuto(recipe.checkpoint().everyIterations()));
        failure(settings, recipe.failure());
        put(settings, "pitfall.scaledLoss", recipe.pitfall().scaledLoss());
        put(settings, "pitfall.perWorkerMean", recipe.pitfall().perWorkerMean());
        put(settings, "pitfall.ownShuffles", recipe.pitfall().ownShuffles());
        return settings;
    }

    private static void training(Map<String, String> settings, TrainingSettings training) {
        put(settings, "training.workers", training.workers());
        put(settings, "training.perWorkerBatchSize", training.perWorkerBatchSize());
        put(settings, "training.epochs", training.epochs());
        put(settings, "training.seed", training.seed());
        settings.put("training.device", SettingText.of(training.device()));
        settings.put("training.precision", SettingText.of(training.precision()));
        settings.put("training.lossScale", SettingText.of(training.lossScale()));
        put(settings, "training.tf32", training.tf32());
        put(settings, "training.cudaGraphs", training.cudaGraphs());
        settings.put("training.tasks", SettingText.orAuto(training.tasks()));
    }

    private static void learningRate(Map<String, String> settings, LearningRateSettings rate) {
        settings.put("learningRate.reference", SettingText.of(rate.reference()));
        put(settings, "learningRate.referenceBatchSize", rate.referenceBatchSize());
        settings.put("learningRate.scaling", SettingText.of(rate.scaling()));
        settings.put("learningRate.warmup.kind", SettingText.of(rate.warmup()));
        settings.put("learningRate.warmup.epochs", SettingText.of(rate.warmupEpochs()));
        settings.put("learningRate.decay.factor", SettingText.of(rate.decayFactor()));
        settings.put("learningRate.decay.epochs", SettingText.of(rate.decayEpochs()));
    }

    private static void optimizer(Map<String, String> settings, OptimizerSettings optimizer) {
        settings.put("optimizer.momentum", SettingText.of(optimizer.momentum()));
        put(settings, "optimizer.nesterov", optimizer.nesterov());
        settings.put("optimizer.weightDecay", SettingText.of(optimizer.weightDecay()));
        settings.put("optimizer.form", SettingText.of(optimizer.form()));
        put(settings, "optimizer.momentumCorrection", optimizer.momentumCorrection());
    }

    private static void collective(Map<String, String> settings, CollectiveSettings collective) {
        settings.put("collective.algorithm", SettingText.of(collective.algorithm()));
        settings.put("collective.inter", SettingText.of(collective.inter()));
        settings.put("collective.group", SettingText.of(collective.group()));
        settings.put("collective.bucketSize", SettingText.bytes(collective.bucketBytes()));
        put(settings, "collective.overlap", collective.overlap());
        settings.put("collective.wire", SettingText.of(collective.wire()));
        settings.put(
                "collective.interface",
                ConfigUtil.quoteString(collective.networkInterface().orElse("auto")));
        settings.put("collective.timeout", SettingText.of(collective.timeout()));
        settings.put("collective.encrypt", SettingText.of(collective.encrypt()));
    }

    private static void augmentation(Map<String, String> settings, Augmentation augmentation) {
        settings.put("augmentation.crop", SettingText.of(augmentation.crop()));
        put(settings, "augmentation.padding", augmentation.padding());
        settings.put("augmentation.area", SettingText.of(List.of(augmentation.minArea(), augmentation.maxArea())));
        settings.put(
                "augmentation.aspect", SettingText.of(List.of(augmentation.minAspect(), augmentation.maxAspect())));
        put(settings, "augmentation.flip", augmentation.flip());
        put(settings, "augmentation.resize", augmentation.resize());
        put(settings, "augmentation.size", augmentation.size());
        settings.put("augmentation.mean", SettingText.of(augmentation.mean()));
        settings.put("augmentation.std", SettingText.of(augmentation.std()));
        settings.put("augmentation.interpolation", SettingText.of(augmentation.interpolation()));
        ColorJitter jitter = augmentation.colorJitter();
        settings.put("augmentation.colorJitter.brightness", SettingText.of(jitter.brightness()));
        settings.put("augmentation.colorJitter.contrast", SettingText.of(jitter.contrast()));
        settings.put("augmentation.colorJitter.saturation", SettingText.of(jitter.saturation()));
        settings.put("augmentation.lighting", SettingText.of(augmentation.lighting()));
    }

    private static void failure(Map<String, String> settings, FailureSettings failure) {
        put(settings, "failure.maxRestarts", failure.maxRestarts());
        settings.put("failure.backoff", SettingText.of(failure.backoff()));
        put(settings, "failure.minTasks", failure.minTasks());
        settings.put("failure.replacementTimeout", SettingText.of(failure.replacementTimeout()));
        settings.put("failure.corruptImage", SettingText.of(failure.corruptImage()));
    }

    private static void put(Map<String, String> settings, String key, Object value) {
        settings.put(key, value.toString());
    }
}
