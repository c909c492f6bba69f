package org.sandglass.ops.image;

import java.util.Arrays;

/**
 * Resizes: across first, rounded to 8 bits, then down, and so bit for bit as Pillow does. Source rows are resized across
 * once each and only those that a result needs. For one thread; memory is reused.
 *
 * <p>Both directions add whole vectors, which the compiler turns into vector code. For that a strip of rows is turned
 * into columns first, and back when its columns have been resized.
 */
final class Resampler {

    private static final int HIGHEST = 255;

    /** So few that a strip's columns, before and after, stay in the second-level cache. */
    private static final int STRIP_ROWS = 64;

    private static final int FUSED = 3;

    /** Takes one row of the result: {@code size} red samples in [0, 255], then green, then blue; reused for the next. */
    @FunctionalInterface
    interface RowSink {
        void accept(int y, int[] row);
    }

    /** A strip's columns: its red samples from the top, then the green, then the blue ones. */
    private int[][] columns = {};

    private final int[] column = new int[RgbImage.CHANNELS * STRIP_ROWS];

    /** Rows that were resized across: row y is at y mod length. */
    private int[][] ring = {};

    /** The strip's rows in the ring. */
    private final int[][] strip = new int[STRIP_ROWS][];

    private int[] result = {};

    /** Hands over every row of the result, from the top. */
    void run(Resampling resampling, Pixels pixels, Placement placement, RowSink sink) {
        ResampleAxis down = resampling.down();
        int needed = down.end() - down.begin();
        int strips = (needed - 1) / STRIP_ROWS + 1;
        int rows = (needed - 1) / strips + 1;
        prepare(resampling, placement, rows);
        int from = Placement.firstSeen(placement.top());
        int to = placement.lastSeen(placement.top());
        int next = down.begin();
        for (int y = 0; y < placement.size(); y++) {
            int resized = y - placement.top();
            if (resized < from || resized >= to) {
                Arrays.fill(result, 0);
            } else {
                int end = down.first()[resized] + down.used(resized);
                while (next < end) {
                    int count = Math.min(rows, down.end() - next);
                    toColumns(pixels, next, count, resampling.across());
                    across(resampling.across(), placement, next, count);
                    next += count;
                }
                sum(down, resized, ring, 0, ring.length, result, result.length);
            }
            sink.accept(y, result);
        }
    }

    private void prepare(Resampling resampling, Placement placement, int rows) {
        int width = resampling.across().end()
                - resampling.across().begin()
                + resampling.across().taps();
        if (columns.length < width) {
            columns = new int[width + width / 4][RgbImage.CHANNELS * STRIP_ROWS];
        }
        int samples = placement.size() * RgbImage.CHANNELS;
        int held = resampling.down().taps() + rows;
        if (result.length != samples || ring.length < held) {
            result = new int[samples];
            ring = new int[held + STRIP_ROWS][samples];
        } else if (placement.left() != 0) {
            for (int[] row : ring) {
                Arrays.fill(row, 0);
            }
        }
    }

    private void toColumns(Pixels pixels, int y, int rows, ResampleAxis across) {
        int width = across.end() - across.begin();
        int at = pixels.row(y) + (across.begin() - pixels.left()) * RgbImage.CHANNELS;
        for (int x = 0; x < width; x++, at += RgbImage.CHANNELS) {
            toColumn(pixels.bytes(), at, pixels.width() * RgbImage.CHANNELS, columns[x], rows);
        }
    }

    private static void toColumn(byte[] bytes, int from, int stride, int[] samples, int rows) {
        for (int row = 0; row < rows; row++) {
            int at = from + row * stride;
            samples[row] = bytes[at] & 0xff;
            samples[rows + row] = bytes[at + 1] & 0xff;
            samples[2 * rows + row] = bytes[at + 2] & 0xff;
        }
    }

    private void across(ResampleAxis axis, Placement placement, int y, int rows) {
        for (int row = 0; row < rows; row++) {
            strip[row] = ring[(y + row) % ring.length];
        }
        int to = placement.lastSeen(placement.left());
        for (int x = Placement.firstSeen(placement.left()); x < to; x++) {
            sum(axis, x, columns, axis.begin(), Integer.MAX_VALUE, column, RgbImage.CHANNELS * rows);
            int at = placement.columnOfFirst() + placement.columnStep() * x;
            toRows(column, strip, rows, at, placement.size());
        }
    }

    private static void toRows(int[] column, int[][] strip, int rows, int at, int size) {
        for (int row = 0; row < rows; row++) {
            int[] target = strip[row];
            target[at] = column[row];
            target[at + size] = column[row + rows];
            target[at + 2 * size] = column[row + 2 * rows];
        }
    }

    /**
     * Adds the weighted vectors that make up one result, of which vector i is at (i − begin) mod period, and rounds to
     * levels.
     */
    private static void sum(
            ResampleAxis axis, int result, int[][] vectors, int begin, int period, int[] sum, int length) {
        int first = axis.first()[result] - begin;
        int tap = result * axis.taps();
        int used = axis.used(result);
        int lead = (used - 1) % FUSED + 1;
        for (int k = 0, count = lead; k < used; k += count, count = FUSED) {
            int[] a = vectors[(first + k) % period];
            int[] b = count > 1 ? vectors[(first + k + 1) % period] : a;
            int[] c = count > 2 ? vectors[(first + k + 2) % period] : a;
            int weightA = axis.weights()[tap + k];
            int weightB = count > 1 ? axis.weights()[tap + k + 1] : 0;
            int weightC = count > 2 ? axis.weights()[tap + k + 2] : 0;
            if (k > 0) {
                add(a, weightA, b, weightB, c, weightC, sum, length);
            } else if (count == 1) {
                set(a, weightA, sum, length);
            } else if (count == 2) {
                set(a, weightA, b, weightB, sum, length);
            } else {
                set(a, weightA, b, weightB, c, weightC, sum, length);
            }
        }
        if (axis.overshoots()) {
            toLevels(sum, length);
        } else {
            shift(sum, length);
        }
    }

    private static void set(int[] a, int weightA, int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] = ResampleAxis.ROUNDING + weightA * a[i];
        }
    }

    private static void set(int[] a, int weightA, int[] b, int weightB, int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] = ResampleAxis.ROUNDING + weightA * a[i] + weightB * b[i];
        }
    }

    private static void set(int[] a, int weightA, int[] b, int weightB, int[] c, int weightC, int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] = ResampleAxis.ROUNDING + weightA * a[i] + weightB * b[i] + weightC * c[i];
        }
    }

    private static void add(int[] a, int weightA, int[] b, int weightB, int[] c, int weightC, int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] += weightA * a[i] + weightB * b[i] + weightC * c[i];
        }
    }

    private static void shift(int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] >>>= ResampleAxis.PRECISION;
        }
    }

    private static void toLevels(int[] sum, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] = Math.max(0, Math.min(HIGHEST, sum[i] >> ResampleAxis.PRECISION));
        }
    }
}
