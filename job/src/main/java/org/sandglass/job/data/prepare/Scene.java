package org.sandglass.job.data.prepare;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;

/**
 * A picture of one shape: textured ground, uneven light, a shadow, things that lie about before and behind, and sensor
 * noise. Nothing but the shape depends on the class; colours, sizes, place and angle are random.
 */
final class Scene {

    private static final int SHORTEST = 56;
    private static final int LONGEST = 104;
    private static final double MAX_ASPECT = 1.7;
    private static final double MAX_TURN = Math.PI / 5.5;

    @SuppressWarnings("ArrayRecordComponent") // one picture long
    private record Clutter(ScenePlacement place, float[] colour, boolean thin, boolean before) {

        double coverage(double x, double y) {
            if (!place.isNear(x, y, 2)) {
                return 0;
            }
            double px = place.planeX(x, y);
            double py = place.planeY(x, y);
            double field = thin ? Math.max(Math.abs(px) - 1, Math.abs(py) - 0.1) : Math.sqrt(px * px + py * py) - 0.8;
            return Scene.coverage(field * place.radius(), 0.8);
        }
    }

    private final SceneShape shape;
    private final CounterRandom random;
    private final int width;
    private final int height;
    private final NoiseGrid coarse;
    private final NoiseGrid fine;
    private final float[] ground;
    private final float[] otherGround;
    private final float[] paint;
    private final float fineStrength;
    private final double lightX;
    private final double lightY;
    private final double waveX;
    private final double waveY;
    private final double waveStrength;
    private final ScenePlacement place;
    private final ScenePlacement shadow;
    private final double softness;
    private final double shading;
    private final double paintTexture;
    private final double sensorNoise;
    private final List<Clutter> clutter = new ArrayList<>();

    private Scene(SceneShape shape, CounterRandom random) {
        this.shape = shape;
        this.random = random;
        double shorter = random.nextDouble(SHORTEST, LONGEST);
        double aspect = StrictMath.exp(random.nextDouble(-1, 1) * StrictMath.log(MAX_ASPECT));
        this.width = (int) Math.round(aspect > 1 ? shorter * aspect : shorter);
        this.height = (int) Math.round(aspect > 1 ? shorter : shorter / aspect);
        this.coarse = new NoiseGrid(2 + random.nextInt(5), random);
        this.fine = new NoiseGrid(8 + random.nextInt(20), random);
        this.ground = colour(random.nextDouble(25, 125));
        this.otherGround = colour(random.nextDouble(25, 125));
        this.paint = colour(random.nextDouble(145, 235));
        this.fineStrength = (float) random.nextDouble(4, 26);
        this.lightX = random.nextDouble(-0.6, 0.6);
        this.lightY = random.nextDouble(-0.6, 0.6);
        double frequency = random.nextDouble(0.04, 0.2);
        double direction = random.nextDouble(0, 2 * Math.PI);
        this.waveX = frequency * StrictMath.cos(direction);
        this.waveY = frequency * StrictMath.sin(direction);
        this.waveStrength = random.nextDouble() < 0.4 ? random.nextDouble(5, 22) : 0;
        double side = Math.min(width, height);
        double radius = side * random.nextDouble(0.27, 0.46);
        double room = Math.max(0, (side / 2 - radius) * 0.8);
        this.place = ScenePlacement.random(
                width / 2.0 + random.nextDouble(-room, room),
                height / 2.0 + random.nextDouble(-room, room),
                radius,
                MAX_TURN,
                1.4,
                random);
        this.shadow = place.moved(radius * random.nextDouble(-0.25, 0.25), radius * random.nextDouble(0.05, 0.3));
        this.softness = random.nextDouble(0.8, 2.4);
        this.shading = random.nextDouble(-0.3, 0.3);
        this.paintTexture = random.nextDouble(0, 22);
        this.sensorNoise = random.nextDouble(3, 24);
        scatter(side);
    }

    static RgbImage render(SceneShape shape, CounterRandom random) {
        return new Scene(shape, random).render();
    }

    private RgbImage render() {
        byte[] pixels = new byte[width * height * RgbImage.CHANNELS];
        float[] pixel = new float[RgbImage.CHANNELS];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                paintGround(x, y, pixel);
                paintClutter(x, y, false, pixel);
                paintShape(x, y, pixel);
                paintClutter(x, y, true, pixel);
                expose(x, y, pixel, pixels);
            }
        }
        return new RgbImage(width, height, pixels);
    }

    private void paintGround(int x, int y, float[] pixel) {
        double u = x / (double) width;
        double v = y / (double) height;
        float blend = 0.5f + 0.5f * coarse.at(u, v);
        double phase = x * waveX + y * waveY;
        double wave = (phase - Math.floor(phase)) * 2 - 1;
        float grain = (float) (fine.at(u, v) * fineStrength + wave * waveStrength);
        double shade = 1;
        if (shadow.isNear(x, y, 2)) {
            double field = shape.field(shadow.planeX(x, y), shadow.planeY(x, y)) * shadow.radius();
            shade = 1 - 0.35 * coverage(field, 6);
        }
        for (int c = 0; c < pixel.length; c++) {
            pixel[c] = (float) ((ground[c] + blend * (otherGround[c] - ground[c]) + grain) * shade);
        }
    }

    private void paintShape(int x, int y, float[] pixel) {
        if (!place.isNear(x, y, 2)) {
            return;
        }
        double px = place.planeX(x, y);
        double py = place.planeY(x, y);
        double alpha = coverage(shape.field(px, py) * place.radius(), softness);
        if (alpha > 0) {
            double texture = fine.at(y / (double) height, x / (double) width) * paintTexture;
            double light = 1 + shading * (px + py) / 2;
            for (int c = 0; c < pixel.length; c++) {
                pixel[c] += (float) (alpha * (paint[c] * light + texture - pixel[c]));
            }
        }
    }

    private void paintClutter(int x, int y, boolean before, float[] pixel) {
        for (Clutter thing : clutter) {
            if (thing.before() == before) {
                double alpha = thing.coverage(x, y);
                for (int c = 0; alpha > 0 && c < pixel.length; c++) {
                    pixel[c] += (float) (alpha * (thing.colour()[c] - pixel[c]));
                }
            }
        }
    }

    private void expose(int x, int y, float[] pixel, byte[] pixels) {
        double light = 1 + lightX * (x / (double) width - 0.5) + lightY * (y / (double) height - 0.5);
        long bits = random.nextLong();
        int at = (y * width + x) * RgbImage.CHANNELS;
        for (int c = 0; c < pixel.length; c++) {
            double noise = ((bits >>> (21 * c)) & 0x1fffff) / (double) 0x100000 - 1;
            pixels[at + c] = (byte) Math.max(0, Math.min(255, Math.round(pixel[c] * light + noise * sensorNoise)));
        }
    }

    private void scatter(double side) {
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            boolean thin = random.nextBoolean();
            double radius = side * (thin ? random.nextDouble(0.12, 0.35) : random.nextDouble(0.03, 0.1));
            ScenePlacement somewhere = ScenePlacement.random(
                    random.nextDouble(0, width),
                    random.nextDouble(0, height),
                    radius,
                    Math.PI,
                    thin ? 1.0 : 2.0,
                    random);
            clutter.add(new Clutter(somewhere, colour(random.nextDouble(20, 230)), thin, random.nextDouble() < 0.2));
        }
    }

    /** Any hue of about this brightness, as pale as outdoor photographs are. */
    private float[] colour(double brightness) {
        double saturation = random.nextDouble(0.05, 0.6);
        float[] colour = new float[RgbImage.CHANNELS];
        for (int c = 0; c < colour.length; c++) {
            colour[c] = (float) (brightness * (1 + saturation * random.nextDouble(-1, 1)));
        }
        return colour;
    }

    private static double coverage(double pixelsOutside, double softness) {
        return Math.max(0, Math.min(1, 0.5 - pixelsOutside / softness));
    }
}
