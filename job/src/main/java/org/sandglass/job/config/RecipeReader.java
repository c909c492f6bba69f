package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.image.ColorJitter;
import org.sandglass.ops.image.Interpolation;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.optim.LearningRate;
import org.sandglass.ops.optim.LinearScaling;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.tensor.DataType;

/**
 * Turns a user's HOCON into a {@link Recipe}: lays it over the defaults, and checks names, types, limits and what the
 * settings mean to each other. The keys of {@code sandglass-defaults.conf} are the keys that there are.
 */
final class RecipeReader {

    private static final Config DEFAULTS = ConfigFactory.parseResources(
            RecipeReader.class.getClassLoader(),
            "sandglass-defaults.conf",
            ConfigParseOptions.defaults().setAllowMissing(false));
    private static final String MODEL = "model.name";
    private static final int MANY = 1 << 20;

    private final RecipeErrors errors = new RecipeErrors();

    private RecipeReader() {}

    static Recipe read(Config user) {
        RecipeReader reader = new RecipeReader();
        Recipe recipe = reader.records(reader.resolve(user));
        reader.errors.throwIfAny();
        return recipe;
    }

    private Config resolve(Config user) {
        Config common = DEFAULTS.withoutPath("families");
        String model = modelName(user, common);
        Config defaults =
                DEFAULTS.getConfig(ModelFamily.of(model).defaultsPath()).withFallback(common);
        Config merged;
        try {
            merged = user.withFallback(defaults).resolve();
        } catch (ConfigException e) {
            throw RecipeErrors.failure(String.valueOf(e.getMessage()));
        }
        Map<String, ConfigValue> unfit = new TreeMap<>();
        checkKeys("", merged.root(), defaults.root(), leaves("", defaults.root()), unfit);
        for (String path : unfit.keySet()) {
            merged = merged.withValue(path, defaults.getValue(path));
        }
        return merged;
    }

    /** The model decides the defaults, so its name is needed before they are there; a wrong type is reported later. */
    private static String modelName(Config user, Config common) {
        try {
            return user.withFallback(common).resolve().getString(MODEL);
        } catch (ConfigException e) {
            return common.getString(MODEL);
        }
    }

    /** Reports keys that are not in the defaults, and single values where the defaults have a group. */
    private void checkKeys(
            String prefix,
            ConfigObject object,
            ConfigObject known,
            Collection<String> names,
            Map<String, ConfigValue> unfit) {
        for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(object).entrySet()) {
            String path = prefix + ConfigUtil.joinPath(entry.getKey());
            ConfigValue expected = known.get(entry.getKey());
            if (expected == null) {
                String nearest = NearestName.of(path, names)
                        .map(name -> "; the nearest is " + name)
                        .orElse("");
                errors.add(entry.getValue(), "unknown key " + path + nearest);
            } else if (expected instanceof ConfigObject group) {
                if (entry.getValue() instanceof ConfigObject inner) {
                    checkKeys(path + ".", inner, group, names, unfit);
                } else {
                    errors.add(entry.getValue(), path + " must be a group of keys: " + path + " { ... }");
                    unfit.put(path, entry.getValue());
                }
            }
        }
    }

    private static List<String> leaves(String prefix, ConfigObject object) {
        List<String> leaves = new ArrayList<>();
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            String path = prefix + entry.getKey();
            leaves.add(path);
            if (entry.getValue() instanceof ConfigObject inner) {
                leaves.addAll(leaves(path + ".", inner));
            }
        }
        return leaves;
    }

    private Recipe records(Config config) {
        SettingReader read = new SettingReader(config, errors);
        return new Recipe(
                model(read),
                training(read),
                learningRate(read),
                new OptimizerSettings(
                        read.number("optimizer.momentum", 0, 0.99999),
                        read.flag("optimizer.nesterov"),
                        read.number("optimizer.weightDecay", 0, 1),
                        read.choice("optimizer.form", SgdUpdate.Form.class),
                        read.flag("optimizer.momentumCorrection")),
                collective(read),
                exchange(read),
                augmentation(read),
                new CheckpointSettings(
                        read.count("checkpoint.every", 1, MANY),
                        read.count("checkpoint.keep", 0, MANY),
                        read.countOrAuto("checkpoint.everyIterations", 0, MANY)),
                new FailureSettings(
                        read.count("failure.maxRestarts", 0, MANY),
                        read.duration("failure.backoff", Duration.ZERO, Duration.ofHours(1)),
                        read.count("failure.minTasks", 1, MANY),
                        read.duration("failure.replacementTimeout", Duration.ZERO, Duration.ofDays(1)),
                        read.choice("failure.corruptImage", FailureSettings.CorruptImage.class)),
                new PitfallSettings(
                        read.flag("pitfall.scaledLoss"),
                        read.flag("pitfall.perWorkerMean"),
                        read.flag("pitfall.ownShuffles")));
    }

    private static ModelSettings model(SettingReader read) {
        String name = read.text(MODEL);
        if (!ResNet.models().contains(name)) {
            String nearest = NearestName.of(name, ResNet.models())
                    .map(n -> "; the nearest is " + n)
                    .orElse("");
            String models = String.join(", ", ResNet.models());
            read.reject(MODEL, "unknown model " + name + nearest + "; there are " + models);
        }
        return new ModelSettings(name, read.flag("model.zeroGamma"));
    }

    private static TrainingSettings training(SettingReader read) {
        DeviceChoice device = read.choice("training.device", DeviceChoice.class);
        DataType precision = read.choice("training.precision", DataType.class);
        if (precision == DataType.F16 && device != DeviceChoice.CUDA) {
            read.reject(
                    "training.precision",
                    "training.precision = f16 needs a GPU: set training.device = cuda, or take bf16 or f32");
        }
        double lossScale = read.number("training.lossScale", LossScale.LEAST, LossScale.MOST);
        if (!LossScale.isPossible(lossScale)) {
            read.reject("training.lossScale", "training.lossScale must be a power of two");
        }
        return new TrainingSettings(
                read.count("training.workers", 1, MANY),
                read.count("training.perWorkerBatchSize", 1, 1 << 16),
                read.count("training.epochs", 1, MANY),
                read.integer("training.seed", Long.MIN_VALUE, Long.MAX_VALUE),
                device,
                precision,
                lossScale,
                read.flag("training.tf32"),
                read.flag("training.cudaGraphs"),
                read.countOrAuto("training.tasks", 1, MANY));
    }

    private static LearningRateSettings learningRate(SettingReader read) {
        return new LearningRateSettings(
                read.positive("learningRate.reference"),
                read.count("learningRate.referenceBatchSize", 1, Integer.MAX_VALUE),
                read.choice("learningRate.scaling", LinearScaling.class),
                read.choice("learningRate.warmup.kind", LearningRate.Warmup.class),
                read.number("learningRate.warmup.epochs", 0, MANY),
                read.positive("learningRate.decay.factor"),
                read.numbers("learningRate.decay.epochs", -1, 0, MANY));
    }

    private static CollectiveSettings collective(SettingReader read) {
        DataType wire = read.available("collective.wire", DataType.class, List.of(DataType.F32, DataType.BF16));
        CollectiveSettings.Inter inter = read.choice("collective.inter", CollectiveSettings.Inter.class);
        if (inter == CollectiveSettings.Inter.NCCL && wire == DataType.BF16) {
            read.reject("collective.inter", "collective.inter = nccl sums in f32: it needs collective.wire = f32");
        }
        return new CollectiveSettings(
                read.choice("collective.algorithm", CollectiveSettings.Algorithm.class),
                inter,
                read.choice("collective.group", CollectiveSettings.Group.class),
                read.bytes("collective.bucketSize", 4L << 10, 1L << 30),
                read.flag("collective.overlap"),
                wire,
                Optional.of(read.text("collective.interface")).filter(choice -> !choice.equals("auto")),
                read.duration("collective.timeout", Duration.ofSeconds(1), Duration.ofHours(1)),
                read.choice("collective.encrypt", CollectiveSettings.Encryption.class));
    }

    private static ExchangeSettings exchange(SettingReader read) {
        String directory = read.text("exchange.packDirectory");
        if (!directory.equals("auto") && !directory.startsWith("/")) {
            read.reject("exchange.packDirectory", "exchange.packDirectory must be auto or an absolute path");
        }
        return new ExchangeSettings(
                read.choice("exchange.mode", ExchangeSettings.Mode.class),
                read.flag("exchange.ahead"),
                Optional.of(directory).filter(choice -> !choice.equals("auto")),
                read.flag("exchange.keepPacks"));
    }

    private static Augmentation augmentation(SettingReader read) {
        List<Double> area = read.range("augmentation.area", 1e-3, 1);
        List<Double> aspect = read.range("augmentation.aspect", 0.1, 10);
        int resize = read.count("augmentation.resize", 1, 4096);
        int size = read.count("augmentation.size", 8, 4096);
        Augmentation.Crop crop = read.choice("augmentation.crop", Augmentation.Crop.class);
        if (crop == Augmentation.Crop.RANDOM_RESIZED && resize < size) {
            read.reject(
                    "augmentation.resize",
                    "augmentation.resize = " + resize + " is below augmentation.size = " + size
                            + ": the crop would not fit");
        }
        return new Augmentation(
                crop,
                read.count("augmentation.padding", 0, 512),
                area.get(0),
                area.get(1),
                aspect.get(0),
                aspect.get(1),
                read.flag("augmentation.flip"),
                Math.max(resize, size),
                size,
                read.numbers("augmentation.mean", 3, -1, 1),
                read.numbers("augmentation.std", 3, 1e-3, 10),
                read.choice("augmentation.interpolation", Interpolation.class),
                new ColorJitter(
                        read.number("augmentation.colorJitter.brightness", 0, 10),
                        read.number("augmentation.colorJitter.contrast", 0, 10),
                        read.number("augmentation.colorJitter.saturation", 0, 10)),
                read.number("augmentation.lighting", 0, 10));
    }
}
