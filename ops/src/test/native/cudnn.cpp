// cuDNN: the convolutions of the legacy interface, in NHWC, with the limits that its documentation gives.
#include "doubles.h"

#include <cstdio>
#include <cstring>
#include <set>
#include <vector>

using namespace doubles;

namespace {

constexpr int kBadParameter = 2000;
constexpr int kNotSupported = 3000;
constexpr int kNhwc = 1;
constexpr size_t kWorkspace = 4096;

struct Tensor {
    bool set = false;
    DataType type;
    int n, c, h, w;
    size_t elements() const { return size_t(n) * c * h * w; }
};

struct Filter {
    bool set = false;
    DataType type;
    int k, c, h, w;
    size_t elements() const { return size_t(k) * c * h * w; }
};

struct Convolution {
    bool set = false;
    int pad, stride;
    int math = 0;
};

struct Handle {
    Stream* stream = nullptr;
};

// As in cudnn.h: the result of a search for an algorithm.
struct Performance {
    int algorithm;
    int status;
    float time;
    size_t memory;
    int determinism;
    int math;
    int reserved[3];
};

std::set<void*>& live() {
    static std::set<void*>* instance = new std::set<void*>;
    return *instance;
}

template <typename T>
int create(T** object) {
    DOUBLES_ENTER;
    *object = new T;
    live().insert(*object);
    count_objects(1);
    return 0;
}

template <typename T>
int destroy(T* object, const char* call) {
    DOUBLES_ENTER;
    if (live().erase(object) == 0) {
        return breach(kBadParameter, std::string(call) + ": not a live object");
    }
    count_objects(-1);
    delete object;
    return 0;
}

bool type_of(int code, DataType* type) {
    *type = code == 0 ? DataType::f32 : code == 2 ? DataType::f16 : DataType::bf16;
    return code == 0 || code == 2 || code == 9;
}

int refuse(const char* call, const char* what) { return breach(kNotSupported, std::string(call) + ": " + what); }

int check_shapes(const char* call, const Handle* handle, const Tensor* x, const Filter* w, const Convolution* conv,
                 const Tensor* y) {
    for (const void* object : {(const void*) handle, (const void*) x, (const void*) w, (const void*) conv,
                               (const void*) y}) {
        if (live().count(const_cast<void*>(object)) == 0) {
            return breach(kBadParameter, std::string(call) + ": not a live object");
        }
    }
    if (!has_context()) {
        return breach(1001, std::string(call) + ": no device is set for this thread");
    }
    if (!x->set || !w->set || !conv->set || !y->set) {
        return breach(kBadParameter, std::string(call) + ": a descriptor was never set");
    }
    if (x->type != w->type || x->type != y->type) {
        return refuse(call, "types differ");
    }
    int height = (x->h + 2 * conv->pad - w->h) / conv->stride + 1;
    int width = (x->w + 2 * conv->pad - w->w) / conv->stride + 1;
    if (x->c != w->c || y->c != w->k || x->n != y->n || y->h != height || y->w != width) {
        return breach(kBadParameter, std::string(call) + ": shapes do not fit");
    }
    return 0;
}

// Two algorithms each: 0, which cuDNN's documentation calls not deterministic for gradients, and 1, which wants a workspace.
int algorithms(const Tensor* x, const Convolution* conv, bool gradient, int wanted, int* returned, Performance* results) {
    int math = x->type == DataType::f32 ? conv->math : 1;
    Performance all[] = {
            {gradient ? 0 : 1, 0, 1.0f, gradient ? 0 : kWorkspace, gradient ? 0 : 1, math, {0, 0, 0}},
            {gradient ? 1 : 0, 0, 2.0f, gradient ? kWorkspace : 0, 1, math, {0, 0, 0}},
            {2, kNotSupported, -1.0f, 0, 0, math, {0, 0, 0}},
    };
    *returned = wanted < 3 ? wanted : 3;
    std::memcpy(results, all, sizeof(Performance) * size_t(*returned));
    return 0;
}

int check_call(const char* call, const Handle* handle, const Convolution* conv, const Tensor* x, int algorithm,
               const float* alpha, const float* beta, const void* workspace, size_t workspace_bytes) {
    if (algorithm < 0 || algorithm > 1) {
        return refuse(call, "this algorithm does not take NHWC");
    }
    bool wants_workspace = algorithm == 1;
    if (wants_workspace && (workspace_bytes < kWorkspace || !on_device(workspace, workspace_bytes))) {
        return breach(kBadParameter, std::string(call) + ": the workspace is too small or not on the device");
    }
    if (*alpha != 1 || *beta != 0) {
        return refuse(call, "scaling factors other than 1 and 0 are not expected");
    }
    if (x->type != DataType::f32 && conv->math != 1) {
        return refuse(call, "16 bits without tensor cores are not expected");
    }
    if (!is_stream(handle->stream)) {
        return breach(kBadParameter, std::string(call) + ": the handle has no stream");
    }
    return 0;
}

int check_array(const char* call, const void* array, size_t elements, DataType type) {
    if (reinterpret_cast<uintptr_t>(array) % 16 != 0) {
        return breach(2003, std::string(call) + ": misaligned pointer");
    }
    return on_device(array, elements * size_of(type))
            ? 0
            : breach(kBadParameter, std::string(call) + ": an array is not, or not wholly, on the device");
}

std::vector<float> read(const void* array, size_t elements, DataType type) {
    std::vector<float> values(elements);
    for (size_t i = 0; i < elements; i++) {
        values[i] = load(type, array, i);
    }
    return values;
}

void write(const std::vector<float>& values, void* array, DataType type) {
    for (size_t i = 0; i < values.size(); i++) {
        store(type, array, i, values[i]);
    }
}

// Calls visit(output pixel, input pixel, tap) for every tap that lies inside the image.
template <typename Visit>
void for_each_tap(const Tensor& x, const Filter& w, const Convolution& conv, const Tensor& y, const Visit& visit) {
    for (int n = 0; n < y.n; n++) {
        for (int oh = 0; oh < y.h; oh++) {
            for (int ow = 0; ow < y.w; ow++) {
                for (int kh = 0; kh < w.h; kh++) {
                    int ih = oh * conv.stride - conv.pad + kh;
                    for (int kw = 0; kw < w.w; kw++) {
                        int iw = ow * conv.stride - conv.pad + kw;
                        if (ih >= 0 && ih < x.h && iw >= 0 && iw < x.w) {
                            visit(size_t((n * y.h + oh) * y.w + ow), size_t((n * x.h + ih) * x.w + iw),
                                  size_t(kh * w.w + kw));
                        }
                    }
                }
            }
        }
    }
}

// What a kernel leaves in a workspace is nobody's business.
void spoil(void* workspace, size_t bytes) {
    if (bytes > 0 && on_device(workspace, bytes)) {
        std::memset(workspace, 0xFE, bytes);
    }
}

// Sums whose order is anybody's guess: off by a rounding or two, never twice the same.
void disturb(std::vector<float>& values) {
    for (float& value : values) {
        value *= 1 + 1e-6f * float(int(random_below(5)) - 2);
    }
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() { return 91900; }

size_t cudnnGetCudartVersion() { return 13010; }

const char* cudnnGetErrorString(int code) {
    static thread_local char text[64];
    std::snprintf(text, sizeof text, code == 0 ? "CUDNN_STATUS_SUCCESS" : "CUDNN_STATUS_%d", code);
    return text;
}

int cudnnCreate(Handle** handle) {
    return has_context() ? create(handle) : breach(1001, "cudnnCreate: no device is set for this thread");
}
int cudnnDestroy(Handle* handle) { return destroy(handle, "cudnnDestroy"); }

int cudnnSetStream(Handle* handle, Stream* stream) {
    DOUBLES_ENTER;
    if (live().count(handle) == 0 || !is_stream(stream)) {
        return breach(kBadParameter, "cudnnSetStream: not a handle, or not a stream");
    }
    handle->stream = stream;
    return 0;
}

int cudnnCreateTensorDescriptor(Tensor** tensor) { return create(tensor); }
int cudnnDestroyTensorDescriptor(Tensor* tensor) { return destroy(tensor, "cudnnDestroyTensorDescriptor"); }
int cudnnCreateFilterDescriptor(Filter** filter) { return create(filter); }
int cudnnDestroyFilterDescriptor(Filter* filter) { return destroy(filter, "cudnnDestroyFilterDescriptor"); }
int cudnnCreateConvolutionDescriptor(Convolution** conv) { return create(conv); }
int cudnnDestroyConvolutionDescriptor(Convolution* conv) { return destroy(conv, "cudnnDestroyConvolutionDescriptor"); }

int cudnnSetTensor4dDescriptor(Tensor* tensor, int format, int type, int n, int c, int h, int w) {
    DOUBLES_ENTER;
    Tensor described;
    if (live().count(tensor) == 0 || n <= 0 || c <= 0 || h <= 0 || w <= 0) {
        return breach(kBadParameter, "cudnnSetTensor4dDescriptor: not a descriptor, or sizes");
    }
    if (format != kNhwc || !type_of(type, &described.type)) {
        return refuse("cudnnSetTensor4dDescriptor", "only NHWC in fp32, fp16 and bf16 is expected");
    }
    described.set = true;
    described.n = n;
    described.c = c;
    described.h = h;
    described.w = w;
    *tensor = described;
    return 0;
}

int cudnnSetFilter4dDescriptor(Filter* filter, int type, int format, int k, int c, int h, int w) {
    DOUBLES_ENTER;
    Filter described;
    if (live().count(filter) == 0 || k <= 0 || c <= 0 || h <= 0 || w <= 0) {
        return breach(kBadParameter, "cudnnSetFilter4dDescriptor: not a descriptor, or sizes");
    }
    if (format != kNhwc || !type_of(type, &described.type)) {
        return refuse("cudnnSetFilter4dDescriptor", "only NHWC in fp32, fp16 and bf16 is expected");
    }
    described.set = true;
    described.k = k;
    described.c = c;
    described.h = h;
    described.w = w;
    *filter = described;
    return 0;
}

int cudnnSetConvolution2dDescriptor(Convolution* conv, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
                                    int dilation_w, int mode, int type) {
    DOUBLES_ENTER;
    if (live().count(conv) == 0 || pad_h != pad_w || pad_h < 0 || stride_h != stride_w || stride_h < 1 || dilation_h != 1
        || dilation_w != 1) {
        return breach(kBadParameter, "cudnnSetConvolution2dDescriptor: not a descriptor, or sizes");
    }
    if (mode != 1 || type != 0) {
        return refuse("cudnnSetConvolution2dDescriptor", "only cross-correlation that sums in fp32 is expected");
    }
    conv->set = true;
    conv->pad = pad_h;
    conv->stride = stride_h;
    return 0;
}

int cudnnSetConvolutionMathType(Convolution* conv, int math) {
    DOUBLES_ENTER;
    if (live().count(conv) == 0 || math < 0 || math > 3) {
        return breach(kBadParameter, "cudnnSetConvolutionMathType: not a descriptor, or not a type");
    }
    conv->math = math;
    return 0;
}

int cudnnGetConvolutionForwardAlgorithm_v7(Handle* handle, Tensor* x, Filter* w, Convolution* conv, Tensor* y, int wanted,
                                           int* returned, Performance* results) {
    DOUBLES_ENTER;
    int code = check_shapes("cudnnGetConvolutionForwardAlgorithm_v7", handle, x, w, conv, y);
    return code ? code : algorithms(x, conv, false, wanted, returned, results);
}

int cudnnGetConvolutionBackwardDataAlgorithm_v7(Handle* handle, Filter* w, Tensor* dy, Convolution* conv, Tensor* dx,
                                                int wanted, int* returned, Performance* results) {
    DOUBLES_ENTER;
    int code = check_shapes("cudnnGetConvolutionBackwardDataAlgorithm_v7", handle, dx, w, conv, dy);
    return code ? code : algorithms(dx, conv, true, wanted, returned, results);
}

int cudnnGetConvolutionBackwardFilterAlgorithm_v7(Handle* handle, Tensor* x, Tensor* dy, Convolution* conv, Filter* dw,
                                                  int wanted, int* returned, Performance* results) {
    DOUBLES_ENTER;
    int code = check_shapes("cudnnGetConvolutionBackwardFilterAlgorithm_v7", handle, x, dw, conv, dy);
    return code ? code : algorithms(x, conv, true, wanted, returned, results);
}

// What the searches above say too.
int workspace_size(const char* call, int algorithm, size_t* bytes) {
    if (algorithm < 0 || algorithm > 1) {
        return refuse(call, "this algorithm does not take NHWC");
    }
    *bytes = algorithm == 1 ? kWorkspace : 0;
    return 0;
}

int cudnnGetConvolutionForwardWorkspaceSize(Handle* handle, Tensor* x, Filter* w, Convolution* conv, Tensor* y,
                                            int algorithm, size_t* bytes) {
    DOUBLES_ENTER;
    const char* call = "cudnnGetConvolutionForwardWorkspaceSize";
    int code = check_shapes(call, handle, x, w, conv, y);
    return code ? code : workspace_size(call, algorithm, bytes);
}

int cudnnGetConvolutionBackwardDataWorkspaceSize(Handle* handle, Filter* w, Tensor* dy, Convolution* conv, Tensor* dx,
                                                 int algorithm, size_t* bytes) {
    DOUBLES_ENTER;
    const char* call = "cudnnGetConvolutionBackwardDataWorkspaceSize";
    int code = check_shapes(call, handle, dx, w, conv, dy);
    return code ? code : workspace_size(call, algorithm, bytes);
}

int cudnnGetConvolutionBackwardFilterWorkspaceSize(Handle* handle, Tensor* x, Tensor* dy, Convolution* conv, Filter* dw,
                                                   int algorithm, size_t* bytes) {
    DOUBLES_ENTER;
    const char* call = "cudnnGetConvolutionBackwardFilterWorkspaceSize";
    int code = check_shapes(call, handle, x, dw, conv, dy);
    return code ? code : workspace_size(call, algorithm, bytes);
}

#define CHECK(expression)          \
    if (int code = (expression)) { \
        return code;               \
    }

int cudnnConvolutionForward(Handle* handle, const float* alpha, Tensor* x, const void* x_data, Filter* w,
                            const void* w_data, Convolution* conv, int algorithm, void* workspace, size_t bytes,
                            const float* beta, Tensor* y, void* y_data) {
    DOUBLES_ENTER;
    const char* call = "cudnnConvolutionForward";
    CHECK(check_shapes(call, handle, x, w, conv, y));
    CHECK(check_call(call, handle, conv, x, algorithm, alpha, beta, workspace, bytes));
    CHECK(check_array(call, x_data, x->elements(), x->type));
    CHECK(check_array(call, w_data, w->elements(), w->type));
    CHECK(check_array(call, y_data, y->elements(), y->type));
    enqueue(handle->stream, [=, x = *x, w = *w, conv = *conv, y = *y]() {
        spoil(workspace, bytes);
        std::vector<float> from = read(x_data, x.elements(), x.type);
        std::vector<float> weights = read(w_data, w.elements(), w.type);
        size_t taps = size_t(w.h) * w.w;
        size_t inputs = size_t(x.c);
        size_t outputs = size_t(y.c);
        // Outputs last, so that the inner loop is over neighbours.
        std::vector<float> turned(weights.size());
        for (size_t k = 0; k < outputs; k++) {
            for (size_t t = 0; t < taps * inputs; t++) {
                turned[t * outputs + k] = weights[k * taps * inputs + t];
            }
        }
        std::vector<float> to(y.elements());
        for_each_tap(x, w, conv, y, [&](size_t o, size_t i, size_t tap) {
            float* row = &to[o * outputs];
            for (size_t c = 0; c < inputs; c++) {
                float value = from[i * inputs + c];
                const float* weight = &turned[(tap * inputs + c) * outputs];
                for (size_t k = 0; k < outputs; k++) {
                    row[k] += value * weight[k];
                }
            }
        });
        write(to, y_data, y.type);
    });
    return 0;
}

int cudnnConvolutionBackwardData(Handle* handle, const float* alpha, Filter* w, const void* w_data, Tensor* dy,
                                 const void* dy_data, Convolution* conv, int algorithm, void* workspace, size_t bytes,
                                 const float* beta, Tensor* dx, void* dx_data) {
    DOUBLES_ENTER;
    const char* call = "cudnnConvolutionBackwardData";
    CHECK(check_shapes(call, handle, dx, w, conv, dy));
    CHECK(check_call(call, handle, conv, dx, algorithm, alpha, beta, workspace, bytes));
    CHECK(check_array(call, w_data, w->elements(), w->type));
    CHECK(check_array(call, dy_data, dy->elements(), dy->type));
    CHECK(check_array(call, dx_data, dx->elements(), dx->type));
    enqueue(handle->stream, [=, w = *w, dy = *dy, conv = *conv, dx = *dx]() {
        spoil(workspace, bytes);
        std::vector<float> weights = read(w_data, w.elements(), w.type);
        std::vector<float> from = read(dy_data, dy.elements(), dy.type);
        size_t taps = size_t(w.h) * w.w;
        size_t inputs = size_t(dx.c);
        size_t outputs = size_t(dy.c);
        std::vector<float> to(dx.elements());
        for_each_tap(dx, w, conv, dy, [&](size_t o, size_t i, size_t tap) {
            float* row = &to[i * inputs];
            for (size_t k = 0; k < outputs; k++) {
                float value = from[o * outputs + k];
                const float* weight = &weights[(k * taps + tap) * inputs];
                for (size_t c = 0; c < inputs; c++) {
                    row[c] += value * weight[c];
                }
            }
        });
        if (algorithm == 0) {
            disturb(to);
        }
        write(to, dx_data, dx.type);
    });
    return 0;
}

int cudnnConvolutionBackwardFilter(Handle* handle, const float* alpha, Tensor* x, const void* x_data, Tensor* dy,
                                   const void* dy_data, Convolution* conv, int algorithm, void* workspace, size_t bytes,
                                   const float* beta, Filter* dw, void* dw_data) {
    DOUBLES_ENTER;
    const char* call = "cudnnConvolutionBackwardFilter";
    CHECK(check_shapes(call, handle, x, dw, conv, dy));
    CHECK(check_call(call, handle, conv, x, algorithm, alpha, beta, workspace, bytes));
    CHECK(check_array(call, x_data, x->elements(), x->type));
    CHECK(check_array(call, dy_data, dy->elements(), dy->type));
    CHECK(check_array(call, dw_data, dw->elements(), dw->type));
    enqueue(handle->stream, [=, x = *x, dy = *dy, conv = *conv, dw = *dw]() {
        spoil(workspace, bytes);
        std::vector<float> from = read(x_data, x.elements(), x.type);
        std::vector<float> gradient = read(dy_data, dy.elements(), dy.type);
        size_t taps = size_t(dw.h) * dw.w;
        size_t inputs = size_t(x.c);
        size_t outputs = size_t(dy.c);
        std::vector<float> to(dw.elements());
        for_each_tap(x, dw, conv, dy, [&](size_t o, size_t i, size_t tap) {
            const float* row = &from[i * inputs];
            for (size_t k = 0; k < outputs; k++) {
                float value = gradient[o * outputs + k];
                float* weight = &to[(k * taps + tap) * inputs];
                for (size_t c = 0; c < inputs; c++) {
                    weight[c] += value * row[c];
                }
            }
        });
        if (algorithm == 0) {
            disturb(to);
        }
        write(to, dw_data, dw.type);
    });
    return 0;
}

}  // extern "C"
