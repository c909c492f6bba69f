// The product's kernels, and how to call them by name. kernel_names.inc, generated, has ENTRY(name) for each.
#include "cuda_on_host.h"
#include SANDGLASS_KERNELS
#undef load
#undef store

#include <tuple>

#include "doubles.h"

namespace doubles {

void late_breach(const std::string& what);

namespace {

template <typename T>
void check(const char* name, T) {}

template <typename T>
void check(const char* name, T* pointer) {
    if (pointer != nullptr && !on_device(pointer, 1)) {
        late_breach(std::string(name) + ": an argument points to what is not, or no longer, device memory");
    }
    if (reinterpret_cast<uintptr_t>(pointer) % alignof(T) != 0) {
        late_breach(std::string(name) + ": an argument is misaligned");
    }
}

template <typename... A, size_t... I>
Launch bind(const char* name, void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    std::tuple<A...> values(*static_cast<A*>(arguments[I])...);
    (void) arguments;
    return {[=]() { (check(name, std::get<I>(values)), ...); }, [=]() { kernel(std::get<I>(values)...); }};
}

template <typename... A>
Launch bind(const char* name, void (*kernel)(A...), void** arguments) {
    return bind(name, kernel, arguments, std::index_sequence_for<A...>());
}

}  // namespace

#define ENTRY(name) {#name, [](void** arguments) { return bind(#name, &::name, arguments); }},
const Kernel kernels[] = {
#include "kernel_names.inc"
};
#undef ENTRY

const size_t kernel_count = sizeof kernels / sizeof kernels[0];

}  // namespace doubles
