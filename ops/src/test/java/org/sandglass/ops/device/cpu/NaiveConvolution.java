package org.sandglass.ops.device.cpu;

/** A convolution as its definition says, loop by loop. */
record NaiveConvolution(int channels, int size, int filters, int kernel, int stride, int padding) {

    private interface Term {
        void add(int input, int weight, int output);
    }

    float[] forward(int batch, float[] images, float[] weight) {
        int out = (size + 2 * padding - kernel) / stride + 1;
        double[] result = new double[batch * filters * out * out];
        each(batch, (i, w, o) -> result[o] += (double) images[i] * weight[w]);
        return floats(result);
    }

    float[] inputGradient(int batch, float[] gradient, float[] weight) {
        double[] result = new double[batch * channels * size * size];
        each(batch, (i, w, o) -> result[i] += (double) gradient[o] * weight[w]);
        return floats(result);
    }

    float[] weightGradient(int batch, float[] images, float[] gradient) {
        double[] result = new double[filters * channels * kernel * kernel];
        each(batch, (i, w, o) -> result[w] += (double) images[i] * gradient[o]);
        return floats(result);
    }

    private void each(int batch, Term term) {
        int out = (size + 2 * padding - kernel) / stride + 1;
        for (int n = 0; n < batch; n++) {
            for (int f = 0; f < filters; f++) {
                for (int y = 0; y < out; y++) {
                    for (int x = 0; x < out; x++) {
                        int output = ((n * filters + f) * out + y) * out + x;
                        window(n, f, y * stride - padding, x * stride - padding, output, term);
                    }
                }
            }
        }
    }

    private void window(int n, int f, int top, int left, int output, Term term) {
        for (int c = 0; c < channels; c++) {
            for (int ky = 0; ky < kernel; ky++) {
                for (int kx = 0; kx < kernel; kx++) {
                    int y = top + ky;
                    int x = left + kx;
                    if (y >= 0 && y < size && x >= 0 && x < size) {
                        int input = ((n * channels + c) * size + y) * size + x;
                        term.add(input, ((f * channels + c) * kernel + ky) * kernel + kx, output);
                    }
                }
            }
        }
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }
}
