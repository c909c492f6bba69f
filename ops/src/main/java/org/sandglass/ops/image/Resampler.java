package org.sandglass.ops.image;

import java.util.Arrays;

/**
 * Resizes: rows from the top, across first, rounded to 8 bits, then down, and so bit for bit as Pillow does. Source rows
 * are resized across once each and only those that a result needs; memory is a few rows, reused. For one thread.
 *
 * <p>Across, two samples share a 64-bit word and one multiplication: red and green of a pixel, or the blues of two rows.
 * Down, whole rows are added, which the compiler turns into vector code.
 */
final class Resampler {

    private static final long ROUNDING = ResampleAxis.ROUNDING | (long) ResampleAxis.ROUNDING << 32;
    private static final int HIGHEST = 255;
    private static final int FUSED = 3;

    /** Takes one row of the result: {@code size} red samples in [0, 255], then green, then blue; reused for the next. */
    @FunctionalInterface
    interface RowSink {
        void accept(int y, int[] row);
    }

    private long[] redGreen = {};
    private long[] redGreenBelow = {};
    private long[] blues = {};
    private int[][] ring = {};
    private int[] result = {};

    /** Hands over every row of the result, from the top. */
    void run(Resampling resampling, Pixels pixels, Placement placement, RowSink sink) {
        ResampleAxis down = resampling.down();
        prepare(resampling, placement);
        int bottom = down.end();
        int from = Placement.firstSeen(placement.top());
        int to = placement.lastSeen(placement.top());
        int next = 0;
        for (int y = 0; y < placement.size(); y++) {
            int resized = y - placement.top();
            if (resized < from || resized >= to) {
                Arrays.fill(result, 0);
                sink.accept(y, result);
                continue;
            }
            int end = down.first()[resized] + down.used(resized);
            for (next = Math.max(next, down.first()[resized]); next < end; next += 2) {
                int below = Math.min(next + 1, bottom - 1);
                spread(pixels, next, below, resampling.across());
                across(resampling.across(), placement, ring[next % ring.length], ring[(next + 1) % ring.length]);
            }
            down(down, resized);
            sink.accept(y, result);
        }
    }

    private void prepare(Resampling resampling, Placement placement) {
        int width = resampling.source().width() + resampling.across().taps();
        if (redGreen.length < width) {
            redGreen = new long[width];
            redGreenBelow = new long[width];
            blues = new long[width];
        }
        int samples = placement.size() * RgbImage.CHANNELS;
        int rows = resampling.down().taps() + 1;
        if (result.length != samples || ring.length < rows) {
            result = new int[samples];
            ring = new int[rows][samples];
        } else if (placement.left() != 0) {
            for (int[] row : ring) {
                Arrays.fill(row, 0);
            }
        }
    }

    /** Packs the samples of two rows. */
    private void spread(Pixels pixels, int y, int below, ResampleAxis across) {
        byte[] bytes = pixels.bytes();
        int begin = across.begin();
        int count = across.end() - begin;
        int skipped = (begin - pixels.left()) * RgbImage.CHANNELS;
        int upper = pixels.row(y) + skipped;
        int lower = pixels.row(below) + skipped;
        long[] upperRedGreen = redGreen;
        long[] lowerRedGreen = redGreenBelow;
        long[] bothBlues = blues;
        for (int x = 0; x < count; x++, upper += RgbImage.CHANNELS, lower += RgbImage.CHANNELS) {
            upperRedGreen[x] = (bytes[upper] & 0xff) | (bytes[upper + 1] & 0xffL) << 32;
            lowerRedGreen[x] = (bytes[lower] & 0xff) | (bytes[lower + 1] & 0xffL) << 32;
            bothBlues[x] = (bytes[upper + 2] & 0xff) | (bytes[lower + 2] & 0xffL) << 32;
        }
    }

    private void across(ResampleAxis axis, Placement placement, int[] upper, int[] lower) {
        long[] upperRedGreen = redGreen;
        long[] lowerRedGreen = redGreenBelow;
        long[] bothBlues = blues;
        int[] first = axis.first();
        int[] weights = axis.weights();
        int taps = axis.taps();
        boolean overshoots = axis.overshoots();
        int size = placement.size();
        int begin = axis.begin();
        int step = placement.columnStep();
        int origin = placement.columnOfFirst();
        int to = placement.lastSeen(placement.left());
        for (int x = Placement.firstSeen(placement.left()); x < to; x++) {
            int source = first[x] - begin;
            int tap = x * taps;
            long weight = weights[tap];
            long a = ROUNDING + weight * upperRedGreen[source];
            long b = ROUNDING + weight * lowerRedGreen[source];
            long c = ROUNDING + weight * bothBlues[source];
            for (int k = 1; k < taps; k++) {
                weight = weights[tap + k];
                a += weight * upperRedGreen[source + k];
                b += weight * lowerRedGreen[source + k];
                c += weight * bothBlues[source + k];
            }
            if (overshoots) {
                a = levels(a);
                b = levels(b);
                c = levels(c);
            }
            int at = origin + step * x;
            upper[at] = low(a);
            upper[at + size] = high(a);
            lower[at] = low(b);
            lower[at + size] = high(b);
            upper[at + 2 * size] = low(c);
            lower[at + 2 * size] = high(c);
        }
    }

    private static int low(long sums) {
        return (int) sums >>> ResampleAxis.PRECISION;
    }

    private static int high(long sums) {
        return (int) (sums >>> (Integer.SIZE + ResampleAxis.PRECISION));
    }

    /** Cuts two sums off at the ends of the levels. The lower may be negative, and has then borrowed from the upper. */
    private static long levels(long sums) {
        int lower = (int) sums;
        int upper = (int) ((sums - lower) >> Integer.SIZE);
        return (long) level(lower >> ResampleAxis.PRECISION) << ResampleAxis.PRECISION
                | (long) level(upper >> ResampleAxis.PRECISION) << (Integer.SIZE + ResampleAxis.PRECISION);
    }

    private static int level(int value) {
        return Math.max(0, Math.min(HIGHEST, value));
    }

    private void down(ResampleAxis axis, int y) {
        int[] sum = result;
        int taps = axis.taps();
        int tap = y * taps;
        int[] weights = axis.weights();
        int first = axis.first()[y];
        int count = axis.used(y);
        int lead = (count - 1) % FUSED + 1;
        add(sum, ResampleAxis.ROUNDING, weights, tap, first, lead);
        for (int k = lead; k < count; k += FUSED) {
            add(sum, 0, weights, tap + k, first + k, FUSED);
        }
        if (axis.overshoots()) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = Math.max(0, Math.min(HIGHEST, sum[i] >> ResampleAxis.PRECISION));
            }
        } else {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = sum[i] >>> ResampleAxis.PRECISION;
            }
        }
    }

    /** Sets {@code sum} to, or where {@code start} is 0 adds, one to three weighted rows. */
    private void add(int[] sum, int start, int[] weights, int tap, int first, int rows) {
        int[] a = ring[first % ring.length];
        int[] b = ring[(first + 1) % ring.length];
        int[] c = ring[(first + 2) % ring.length];
        int weightA = weights[tap];
        int weightB = rows > 1 ? weights[tap + 1] : 0;
        int weightC = rows > 2 ? weights[tap + 2] : 0;
        if (start == 0) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += weightA * a[i] + weightB * b[i] + weightC * c[i];
            }
        } else if (rows == 1) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = start + weightA * a[i];
            }
        } else if (rows == 2) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = start + weightA * a[i] + weightB * b[i];
            }
        } else {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = start + weightA * a[i] + weightB * b[i] + weightC * c[i];
            }
        }
    }
}
