// Kernels of the CUDA device: what cuDNN and cuBLAS are not called for. Shipped as source, compiled by NVRTC at start.
//
// Images lie as batch x height x width x channels ("rows" are pixels of all samples), in fp32, bf16 or fp16; statistics,
// vectors and everything that is summed over many elements are fp32. No atomics: sums have an order, so results repeat
// bit by bit. No array has more than 2^30 elements. Channels are told apart by threadIdx.x where sums run over rows.
//
// No header is included, so that NVRTC needs no toolkit. The test doubles compile this file as C++
// (src/test/native/cuda_on_host.h).

struct bf16 {
    unsigned short bits;
};

struct f16 {
    unsigned short bits;
};

#ifndef SANDGLASS_HOST
static __device__ float f16_to_float(f16 value) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}

static __device__ f16 float_to_f16(float value) {
    f16 result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}
#else
static float f16_to_float(f16 value) { return sandglass_half_to_float(value.bits); }

static f16 float_to_f16(float value) {
    f16 result = {sandglass_float_to_half(value)};
    return result;
}
#endif

static __device__ float load(float value) { return value; }
static __device__ float load(bf16 value) { return __uint_as_float((unsigned int) value.bits << 16); }
static __device__ float load(f16 value) { return f16_to_float(value); }

static __device__ void store(float* target, float value) { *target = value; }
static __device__ void store(f16* target, float value) { *target = float_to_f16(value); }

// To the nearest, ties to even; a NaN stays one.
static __device__ void store(bf16* target, float value) {
    unsigned int bits = __float_as_uint(value);
    unsigned int rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    target->bits = (unsigned short) (value != value ? 0x7fc0 : rounded);
}

#define FOR_EACH_TYPE(DEFINE) DEFINE(f32, float) DEFINE(bf16, bf16) DEFINE(f16, f16)
#define FOR_EACH(i, count) \
    for (int i = blockIdx.x * blockDim.x + threadIdx.x, stride = gridDim.x * blockDim.x; i < (count); i += stride)

// Layouts and types ----------------------------------------------------------------------------------------------------

// Planes (batch x channels x pixels, fp32) to an image, times a factor.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void image_from_planes_##suffix(                                                            \
        const float* planes, T* image, int batch, int channels, int pixels, float factor) {                           \
        FOR_EACH(i, batch* channels* pixels) {                                                                        \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            int sample = row / pixels;                                                                                \
            int pixel = row - sample * pixels;                                                                        \
            store(image + i, factor * planes[(sample * channels + channel) * pixels + pixel]);                        \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Levels (batch x channels x height x width, 8 bits) to an image: the number of a channel's level, plus the sample's shift of the
// channel; columns from right to left where it is mirrored.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void image_from_levels_##suffix(                                                            \
        const unsigned char* levels, const float* numbers, const float* shifts, const unsigned char* mirrored,        \
        T* image, int batch, int channels, int height, int width) {                                                   \
        FOR_EACH(i, batch* channels* height* width) {                                                                 \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            int line = row / width;                                                                                   \
            int x = row - line * width;                                                                               \
            int sample = line / height;                                                                               \
            int y = line - sample * height;                                                                           \
            int from = mirrored[sample] != 0 ? width - 1 - x : x;                                                     \
            int plane = sample * channels + channel;                                                                  \
            int level = levels[(plane * height + y) * width + from];                                                  \
            store(image + i, numbers[channel * 256 + level] + shifts[plane]);                                         \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// An image to planes, times a factor.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void planes_from_image_##suffix(                                                            \
        const T* image, float* planes, int batch, int channels, int pixels, float factor) {                           \
        FOR_EACH(i, batch* channels* pixels) {                                                                        \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            int sample = row / pixels;                                                                                \
            int pixel = row - sample * pixels;                                                                        \
            planes[(sample * channels + channel) * pixels + pixel] = factor * load(image[i]);                         \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// A weight as it lies in the flat vector (out x in x window) to cuDNN's filter (out x window x in).
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void filter_from_weight_##suffix(                                                           \
        const float* weight, T* filter, int outputs, int inputs, int window) {                                        \
        FOR_EACH(i, outputs* inputs* window) {                                                                        \
            int row = i / inputs;                                                                                     \
            int input = i - row * inputs;                                                                             \
            int output = row / window;                                                                                \
            int tap = row - output * window;                                                                          \
            store(filter + i, weight[(output * inputs + input) * window + tap]);                                      \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Adds a filter's gradient, times a factor, to where it lies in the flat vector.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void add_filter_gradient_##suffix(                                                          \
        const T* filter, float* gradient, int outputs, int inputs, int window, float factor) {                        \
        FOR_EACH(i, outputs* inputs* window) {                                                                        \
            int row = i / window;                                                                                     \
            int tap = i - row * window;                                                                               \
            int output = row / inputs;                                                                                \
            int input = row - output * inputs;                                                                        \
            gradient[i] += factor * load(filter[(output * window + tap) * inputs + input]);                           \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Batch norm (Goyal et al., section 2.3: the samples of one worker only) -----------------------------------------------
//
// Sums over rows are made by blocks of CHANNELS x LANES threads, each block for CHANNELS channels and its chunk of rows; the
// chunks are then put together by one such block for CHANNELS channels. Rows and chunks are dealt to lanes in turn, and what
// lanes come to is added in their order, always the same.

#define CHANNELS 32
#define LANES 8

// Puts a set of numbers together with another, both given as count, mean and sum of squared deviations (Chan et al.).
static __device__ void merge(float* count, float* mean, float* squares, float n, float m, float s) {
    float total = *count + n;
    if (total > 0) {
        float delta = m - *mean;
        float share = n / total;
        *mean += delta * share;
        *squares += s + delta * delta * *count * share;
        *count = total;
    }
}

// Means and squared deviations of each chunk of rows: sums[chunk][2][channels].
template <typename T>
static __device__ void norm_moments(const T* input, float* sums, int rows, int channels, int chunk_rows) {
    __shared__ float counts[LANES][CHANNELS];
    __shared__ float means[LANES][CHANNELS];
    __shared__ float squares[LANES][CHANNELS];
    int channel = blockIdx.x * CHANNELS + threadIdx.x;
    int first = blockIdx.y * chunk_rows;
    int end = first + chunk_rows < rows ? first + chunk_rows : rows;
    float count = 0;
    float mean = 0;
    float square = 0;
    if (channel < channels) {
        for (int row = first + threadIdx.y; row < end; row += LANES) {
            float value = load(input[row * channels + channel]);
            count += 1;
            float delta = value - mean;
            mean += delta / count;
            square += delta * (value - mean);
        }
    }
    counts[threadIdx.y][threadIdx.x] = count;
    means[threadIdx.y][threadIdx.x] = mean;
    squares[threadIdx.y][threadIdx.x] = square;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int lane = 1; lane < LANES; lane++) {
            merge(&count, &mean, &square, counts[lane][threadIdx.x], means[lane][threadIdx.x],
                  squares[lane][threadIdx.x]);
        }
        sums[(2 * blockIdx.y) * channels + channel] = mean;
        sums[(2 * blockIdx.y + 1) * channels + channel] = square;
    }
}

#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void norm_moments_##suffix(                                                                 \
        const T* input, float* sums, int rows, int channels, int chunk_rows) {                                        \
        norm_moments(input, sums, rows, channels, chunk_rows);                                                        \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Mean and 1 / standard deviation of the batch; adds mean and unbiased variance to the gradient vector's statistics.
extern "C" __global__ void norm_statistics(const float* sums, float* mean, float* inverse, float* mean_sum,
                                           float* variance_sum, int rows, int channels, int chunk_rows, float epsilon) {
    __shared__ float counts[LANES][CHANNELS];
    __shared__ float means[LANES][CHANNELS];
    __shared__ float squares[LANES][CHANNELS];
    int channel = blockIdx.x * CHANNELS + threadIdx.x;
    float count = 0;
    float m = 0;
    float square = 0;
    if (channel < channels) {
        int chunks = (rows + chunk_rows - 1) / chunk_rows;
        for (int chunk = threadIdx.y; chunk < chunks; chunk += LANES) {
            int n = rows - chunk * chunk_rows < chunk_rows ? rows - chunk * chunk_rows : chunk_rows;
            merge(&count, &m, &square, (float) n, sums[2 * chunk * channels + channel],
                  sums[(2 * chunk + 1) * channels + channel]);
        }
    }
    counts[threadIdx.y][threadIdx.x] = count;
    means[threadIdx.y][threadIdx.x] = m;
    squares[threadIdx.y][threadIdx.x] = square;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int lane = 1; lane < LANES; lane++) {
            merge(&count, &m, &square, counts[lane][threadIdx.x], means[lane][threadIdx.x], squares[lane][threadIdx.x]);
        }
        mean[channel] = m;
        inverse[channel] = 1 / sqrtf(square / rows + epsilon);
        mean_sum[channel] += m;
        variance_sum[channel] += square / (rows > 1 ? rows - 1 : 1);
    }
}

// 1 / standard deviation from a running variance.
extern "C" __global__ void norm_inverse(const float* variance, float* inverse, int channels, float epsilon) {
    FOR_EACH(channel, channels) { inverse[channel] = 1 / sqrtf(variance[channel] + epsilon); }
}

static __device__ float normalised(float value, float mean, float inverse, float scale, float shift) {
    return scale * ((value - mean) * inverse) + shift;
}

// Normalises, adds a shortcut where there is one, and takes the positive part if asked for.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void norm_apply_##suffix(                                                                   \
        const T* input, const float* mean, const float* inverse, const float* scale, const float* shift,              \
        const T* shortcut, T* output, int count, int channels, int relu) {                                            \
        FOR_EACH(i, count) {                                                                                          \
            int c = i % channels;                                                                                     \
            float value = normalised(load(input[i]), mean[c], inverse[c], scale[c], shift[c]);                        \
            if (shortcut != 0) {                                                                                      \
                value += load(shortcut[i]);                                                                           \
            }                                                                                                         \
            store(output + i, relu && !(value > 0) && value == value ? 0 : value);                                    \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// The gradient that reaches the batch norm itself: zero where the ReLU behind it was shut. Which can be seen in its output,
// or, where that was not kept, follows from the input again.
template <typename T>
static __device__ float norm_gradient(const T* gradient, const T* output, int i, float value, float mean, float inverse,
                                      float scale, float shift, int relu) {
    float g = load(gradient[i]);
    if (!relu) {
        return g;
    }
    float y = output != 0 ? load(output[i]) : normalised(value, mean, inverse, scale, shift);
    return y > 0 ? g : 0;
}

// Sums of the gradient, and of the gradient times the normalised input, of each chunk of rows: sums[chunk][2][channels].
template <typename T>
static __device__ void norm_gradient_sums(const T* gradient, const T* input, const T* output, const float* means,
                                          const float* inverses, const float* scales, const float* shifts, float* sums,
                                          int rows, int channels, int chunk_rows, int relu) {
    __shared__ float plain[LANES][CHANNELS];
    __shared__ float weighted[LANES][CHANNELS];
    int channel = blockIdx.x * CHANNELS + threadIdx.x;
    int first = blockIdx.y * chunk_rows;
    int end = first + chunk_rows < rows ? first + chunk_rows : rows;
    float sum = 0;
    float product = 0;
    if (channel < channels) {
        float mean = means[channel];
        float inverse = inverses[channel];
        float scale = scales[channel];
        float shift = shifts[channel];
        for (int row = first + threadIdx.y; row < end; row += LANES) {
            int i = row * channels + channel;
            float value = load(input[i]);
            float g = norm_gradient(gradient, output, i, value, mean, inverse, scale, shift, relu);
            sum += g;
            product += g * ((value - mean) * inverse);
        }
    }
    plain[threadIdx.y][threadIdx.x] = sum;
    weighted[threadIdx.y][threadIdx.x] = product;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int lane = 1; lane < LANES; lane++) {
            sum += plain[lane][threadIdx.x];
            product += weighted[lane][threadIdx.x];
        }
        sums[(2 * blockIdx.y) * channels + channel] = sum;
        sums[(2 * blockIdx.y + 1) * channels + channel] = product;
    }
}

#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void norm_gradient_sums_##suffix(                                                           \
        const T* gradient, const T* input, const T* output, const float* mean, const float* inverse,                  \
        const float* scale, const float* shift, float* sums, int rows, int channels, int chunk_rows, int relu) {      \
        norm_gradient_sums(gradient, input, output, mean, inverse, scale, shift, sums, rows, channels, chunk_rows,    \
                           relu);                                                                                     \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Puts the chunks together; adds them, times a factor, to the gradients of scale and shift.
extern "C" __global__ void norm_parameter_gradients(const float* sums, float* totals, float* scale_gradient,
                                                    float* shift_gradient, int chunks, int channels, float factor) {
    __shared__ float plain[LANES][CHANNELS];
    __shared__ float weighted[LANES][CHANNELS];
    int channel = blockIdx.x * CHANNELS + threadIdx.x;
    float sum = 0;
    float product = 0;
    if (channel < channels) {
        for (int chunk = threadIdx.y; chunk < chunks; chunk += LANES) {
            sum += sums[2 * chunk * channels + channel];
            product += sums[(2 * chunk + 1) * channels + channel];
        }
    }
    plain[threadIdx.y][threadIdx.x] = sum;
    weighted[threadIdx.y][threadIdx.x] = product;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int lane = 1; lane < LANES; lane++) {
            sum += plain[lane][threadIdx.x];
            product += weighted[lane][threadIdx.x];
        }
        totals[channel] = sum;
        totals[channels + channel] = product;
        shift_gradient[channel] += factor * sum;
        scale_gradient[channel] += factor * product;
    }
}

// The gradient of the input, which may take the gradient's own place, and of the shortcut where there is one.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void norm_input_gradient_##suffix(                                                          \
        const T* gradient, const T* input, const T* output, const float* mean, const float* inverse,                  \
        const float* scale, const float* shift, const float* totals, T* input_gradient, T* shortcut_gradient,         \
        int rows, int channels, int relu) {                                                                           \
        FOR_EACH(i, rows* channels) {                                                                                 \
            int c = i % channels;                                                                                     \
            float value = load(input[i]);                                                                             \
            float g = norm_gradient(gradient, output, i, value, mean[c], inverse[c], scale[c], shift[c], relu);       \
            float deviation = (value - mean[c]) * inverse[c];                                                         \
            float centred = g - totals[c] / rows - deviation * totals[channels + c] / rows;                           \
            if (shortcut_gradient != 0) {                                                                             \
                store(shortcut_gradient + i, g);                                                                      \
            }                                                                                                         \
            store(input_gradient + i, scale[c] * inverse[c] * centred);                                               \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Element by element ---------------------------------------------------------------------------------------------------

// The sum of two, or the first alone where there is no second; its positive part if asked for.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void add_##suffix(const T* a, const T* b, T* target, int count, int relu) {                 \
        FOR_EACH(i, count) {                                                                                          \
            float value = load(a[i]);                                                                                 \
            if (b != 0) {                                                                                             \
                value += load(b[i]);                                                                                  \
            }                                                                                                         \
            store(target + i, relu && !(value > 0) && value == value ? 0 : value);                                    \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// The gradient where the ReLU's output is positive.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void relu_gradient_##suffix(const T* gradient, const T* output, T* target, int count) {     \
        FOR_EACH(i, count) { store(target + i, load(output[i]) > 0 ? load(gradient[i]) : 0); }                        \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Pooling --------------------------------------------------------------------------------------------------------------

// The maximum of each window, the first of equal ones, and its place in the window.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void max_pool_##suffix(                                                                     \
        const T* input, T* output, unsigned char* places, int count, int channels, int height, int width,             \
        int out_height, int out_width, int window, int step, int padding) {                                           \
        FOR_EACH(i, count) {                                                                                          \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            int x = row % out_width * step - padding;                                                                 \
            int y = row / out_width % out_height * step - padding;                                                    \
            int sample = row / out_width / out_height;                                                                \
            float best = 0;                                                                                           \
            int place = -1;                                                                                           \
            for (int tap = 0; tap < window * window; tap++) {                                                         \
                int py = y + tap / window;                                                                            \
                int px = x + tap % window;                                                                            \
                if (py >= 0 && py < height && px >= 0 && px < width) {                                                \
                    float value = load(input[((sample * height + py) * width + px) * channels + channel]);            \
                    if (place < 0 || value > best || value != value) {                                                \
                        best = value;                                                                                 \
                        place = tap;                                                                                  \
                    }                                                                                                 \
                }                                                                                                     \
            }                                                                                                         \
            store(output + i, best);                                                                                  \
            places[i] = (unsigned char) place;                                                                        \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Every pixel collects the gradients of the windows whose maximum it was.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void max_pool_gradient_##suffix(                                                            \
        const T* gradient, const unsigned char* places, T* target, int count, int channels, int height, int width,    \
        int out_height, int out_width, int window, int step, int padding) {                                           \
        FOR_EACH(i, count) {                                                                                          \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            int x = row % width + padding;                                                                            \
            int y = row / width % height + padding;                                                                   \
            int sample = row / width / height;                                                                        \
            int first_x = x < window ? 0 : (x - window) / step + 1;                                                   \
            int first_y = y < window ? 0 : (y - window) / step + 1;                                                   \
            float sum = 0;                                                                                            \
            for (int oy = first_y; oy < out_height && oy * step <= y; oy++) {                                         \
                for (int ox = first_x; ox < out_width && ox * step <= x; ox++) {                                      \
                    int o = ((sample * out_height + oy) * out_width + ox) * channels + channel;                       \
                    if (places[o] == (y - oy * step) * window + x - ox * step) {                                      \
                        sum += load(gradient[o]);                                                                     \
                    }                                                                                                 \
                }                                                                                                     \
            }                                                                                                         \
            store(target + i, sum);                                                                                   \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Means over all pixels: batch x channels, fp32.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void average_pool_##suffix(const T* input, float* output, int batch, int channels,          \
                                                     int pixels) {                                                    \
        FOR_EACH(i, batch* channels) {                                                                                \
            int sample = i / channels;                                                                                \
            int channel = i - sample * channels;                                                                      \
            float sum = 0;                                                                                            \
            for (int p = 0; p < pixels; p++) {                                                                        \
                sum += load(input[(sample * pixels + p) * channels + channel]);                                       \
            }                                                                                                         \
            output[i] = sum / pixels;                                                                                 \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Spreads a vector's gradient, times a factor, over all pixels.
#define DEFINE(suffix, T)                                                                                             \
    extern "C" __global__ void average_pool_gradient_##suffix(const float* gradient, T* target, int batch,            \
                                                              int channels, int pixels, float factor) {               \
        FOR_EACH(i, batch* channels* pixels) {                                                                        \
            int row = i / channels;                                                                                   \
            int channel = i - row * channels;                                                                         \
            store(target + i, factor * gradient[row / pixels * channels + channel] / pixels);                         \
        }                                                                                                             \
    }
FOR_EACH_TYPE(DEFINE)
#undef DEFINE

// Vectors of features --------------------------------------------------------------------------------------------------

// Every row becomes the bias, for a matrix product to be added to.
extern "C" __global__ void bias_rows(const float* bias, float* rows, int batch, int features) {
    FOR_EACH(i, batch * features) { rows[i] = bias[i % features]; }
}

// Adds the sum of all rows to the gradient of the bias.
extern "C" __global__ void add_bias_gradient(const float* rows, float* gradient, int batch, int features) {
    FOR_EACH(feature, features) {
        float sum = 0;
        for (int row = 0; row < batch; row++) {
            sum += rows[row * features + feature];
        }
        gradient[feature] += sum;
    }
}

// Softmax cross-entropy ------------------------------------------------------------------------------------------------

#define ROW_THREADS 128

// The maximum of a row and the sum of exponentials relative to it, in every thread of a block.
static __device__ void softmax_terms(const float* row, int classes, float* maximum, float* sum) {
    __shared__ float values[ROW_THREADS];
    float best = row[0];
    for (int c = threadIdx.x; c < classes; c += ROW_THREADS) {
        best = row[c] > best || row[c] != row[c] ? row[c] : best;
    }
    values[threadIdx.x] = best;
    __syncthreads();
    for (int t = 0; t < ROW_THREADS; t++) {
        best = values[t] > best || values[t] != values[t] ? values[t] : best;
    }
    __syncthreads();
    float own = 0;
    for (int c = threadIdx.x; c < classes; c += ROW_THREADS) {
        own += expf(row[c] - best);
    }
    values[threadIdx.x] = own;
    __syncthreads();
    float total = 0;
    for (int t = 0; t < ROW_THREADS; t++) {
        total += values[t];
    }
    *maximum = best;
    *sum = total;
}

// Each sample's loss, and then how many logits come before its label's, equal ones of lower class included; a NaN comes last. One
// block a sample; a negative label has loss 0 and rank -1.
extern "C" __global__ void softmax_loss(const float* logits, const int* labels, float* results, int batch,
                                        int classes) {
    __shared__ int before[ROW_THREADS];
    const float* row = logits + blockIdx.x * classes;
    int label = labels[blockIdx.x];
    float maximum;
    float sum;
    softmax_terms(row, classes, &maximum, &sum);
    float own = label < 0 ? 0 : row[label];
    int count = 0;
    for (int c = threadIdx.x; c < classes; c += ROW_THREADS) {
        count += row[c] > own || (row[c] == own && c < label) || own != own ? 1 : 0;
    }
    before[threadIdx.x] = count;
    __syncthreads();
    if (threadIdx.x == 0) {
        int rank = 0;
        for (int t = 0; t < ROW_THREADS; t++) {
            rank += before[t];
        }
        results[blockIdx.x] = label < 0 ? 0 : logf(sum) + (maximum - own);
        results[batch + blockIdx.x] = label < 0 ? -1 : rank;
    }
}

// The gradient of scale times the sum of the samples' losses; zero for negative labels. One block a sample.
extern "C" __global__ void softmax_gradient(const float* logits, const int* labels, float* gradient, int classes,
                                            float scale) {
    const float* row = logits + blockIdx.x * classes;
    float* target = gradient + blockIdx.x * classes;
    int label = labels[blockIdx.x];
    float maximum;
    float sum;
    softmax_terms(row, classes, &maximum, &sum);
    for (int c = threadIdx.x; c < classes; c += ROW_THREADS) {
        target[c] = label < 0 ? 0 : scale * (expf(row[c] - maximum) / sum - (c == label ? 1 : 0));
    }
}

// Leaves a mark if a number is not finite; threads that find one write the same.
extern "C" __global__ void find_not_finite(const float* values, float* found, int count) {
    FOR_EACH(i, count) {
        if ((__float_as_uint(values[i]) & 0x7f800000) == 0x7f800000) {
            *found = 1;
        }
    }
}

// Update (Goyal et al., section 3) -------------------------------------------------------------------------------------

// Decay, momentum and step. Velocity-scaled: v = keep v + rate g, w -= ahead v + direct g with direct = rate or 0.
// Gradient-sum: v = keep v + g, w -= rate (ahead v + direct g) with direct = 1 or 0.
extern "C" __global__ void sgd_update(float* weights, const float* gradients, float* velocities, int count,
                                      int velocity_scaled, float rate, float decay, float keep, float ahead,
                                      float direct) {
    FOR_EACH(i, count) {
        float w = weights[i];
        float g = gradients[i] + decay * w;
        float v = keep * velocities[i] + (velocity_scaled ? rate * g : g);
        float step = ahead * v + direct * g;
        velocities[i] = v;
        weights[i] = w - (velocity_scaled ? step : rate * step);
    }
}
