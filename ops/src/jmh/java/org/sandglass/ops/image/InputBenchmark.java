package org.sandglass.ops.image;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.sandglass.ops.random.CounterRandom;

/** A smooth image of 500 × 375 with some noise: decoded whole, resized from pixels, and both in one. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class InputBenchmark {

    private static final int WIDTH = 500;
    private static final int HEIGHT = 375;
    private static final int SIZE = 224;

    @Param
    Interpolation interpolation = Interpolation.BILINEAR;

    private final ImageBuffers buffers = new ImageBuffers();
    private final float[] target = new float[RgbImage.CHANNELS * SIZE * SIZE];
    private byte[] encoded;
    private RgbImage decoded;
    private ImageTransform training;
    private ImageTransform evaluation;
    private Resampling resampling;
    private long id;

    @Setup
    public void draw() throws ImageFormatException {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, 0);
        byte[] pixels = new byte[WIDTH * HEIGHT * RgbImage.CHANNELS];
        for (int i = 0; i < pixels.length; i++) {
            int x = i / RgbImage.CHANNELS % WIDTH;
            int y = i / RgbImage.CHANNELS / WIDTH;
            pixels[i] = (byte) (128 + 60 * Math.sin(x / 17.0) + 40 * Math.cos(y / 11.0) + random.nextInt(24));
        }
        encoded = ImageEncoder.jpeg(new RgbImage(WIDTH, HEIGHT, pixels), 90);
        decoded = ImageDecoder.decode(encoded);
        List<Double> mean = List.of(0.485, 0.456, 0.406);
        List<Double> std = List.of(0.229, 0.224, 0.225);
        Augmentation settings = new Augmentation(
                Augmentation.Crop.RANDOM_RESIZED, 0, 0.08, 1, 0.75, 4 / 3.0, true, 256, SIZE, mean, std, interpolation,
                ColorJitter.NONE, 0);
        training = ImageTransform.training(settings);
        evaluation = ImageTransform.evaluation(settings);
        resampling = Resampling.ofPart(interpolation, new CropWindow(60, 40, 360, 300), SIZE);
    }

    @Benchmark
    public RgbImage decode() throws ImageFormatException {
        return ImageDecoder.decode(encoded);
    }

    @Benchmark
    public void resample() {
        buffers.resampler.run(resampling, Pixels.of(decoded), Placement.whole(SIZE, false), (y, row) -> {});
    }

    @Benchmark
    public void train() throws ImageFormatException {
        training.apply(encoded, CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, id++), buffers, target, 0);
    }

    @Benchmark
    public void evaluate() throws ImageFormatException {
        evaluation.apply(encoded, CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, 0), buffers, target, 0);
    }

    @TearDown
    public void close() {
        buffers.close();
    }
}
