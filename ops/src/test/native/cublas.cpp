// cuBLAS: products of fp32 matrices.
#include "doubles.h"

#include <set>
#include <vector>

using namespace doubles;

namespace {

struct Handle {
    Stream* stream = nullptr;
};

std::set<Handle*>& live() {
    static std::set<Handle*>* instance = new std::set<Handle*>;
    return *instance;
}

}  // namespace

extern "C" {

const char* cublasGetStatusName(int code) { return code == 0 ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_OF_THE_DOUBLE"; }

int cublasCreate_v2(Handle** handle) {
    DOUBLES_ENTER;
    if (!has_context()) {
        return breach(1, "cublasCreate: no device is set for this thread");
    }
    *handle = new Handle;
    live().insert(*handle);
    count_objects(1);
    return 0;
}

int cublasDestroy_v2(Handle* handle) {
    DOUBLES_ENTER;
    if (live().erase(handle) == 0) {
        return breach(7, "cublasDestroy: not a handle");
    }
    count_objects(-1);
    delete handle;
    return 0;
}

int cublasSetStream_v2(Handle* handle, Stream* stream) {
    DOUBLES_ENTER;
    if (live().count(handle) == 0 || !is_stream(stream)) {
        return breach(7, "cublasSetStream: not a handle, or not a stream");
    }
    handle->stream = stream;
    return 0;
}

int cublasSetMathMode(Handle* handle, int mode) {
    DOUBLES_ENTER;
    if (live().count(handle) == 0 || (mode != 0 && mode != 3)) {
        return breach(7, "cublasSetMathMode: not a handle, or neither the default nor TF32");
    }
    return 0;
}

// Column-major: C (m x n) = alpha op(A) op(B) + beta C.
int cublasSgemm_v2(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha,
                   const float* a, int lda, const float* b, int ldb, const float* beta, float* c, int ldc) {
    DOUBLES_ENTER;
    if (live().count(handle) == 0 || !is_stream(handle->stream) || !has_context()) {
        return breach(7, "cublasSgemm: not a handle, or without stream or device");
    }
    int rows_a = transpose_a ? k : m;
    int rows_b = transpose_b ? n : k;
    if (m <= 0 || n <= 0 || k <= 0 || lda < rows_a || ldb < rows_b || ldc < m || transpose_a > 1 || transpose_b > 1) {
        return breach(7, "cublasSgemm: sizes do not fit");
    }
    size_t size_a = size_t(lda) * size_t(transpose_a ? m : k);
    size_t size_b = size_t(ldb) * size_t(transpose_b ? k : n);
    size_t size_c = size_t(ldc) * size_t(n);
    if (!on_device(a, size_a * 4) || !on_device(b, size_b * 4) || !on_device(c, size_c * 4)) {
        return breach(13, "cublasSgemm: a matrix is not, or not wholly, on the device");
    }
    float scale = *alpha;
    float keep = *beta;
    enqueue(handle->stream, [=]() {
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < m; i++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    double left = transpose_a ? a[size_t(i) * lda + l] : a[size_t(l) * lda + i];
                    double right = transpose_b ? b[size_t(l) * ldb + j] : b[size_t(j) * ldb + l];
                    sum += left * right;
                }
                float& target = c[size_t(j) * ldc + i];
                target = float(scale * sum) + (keep == 0 ? 0 : keep * target);
            }
        }
    });
    return 0;
}

}  // extern "C"
